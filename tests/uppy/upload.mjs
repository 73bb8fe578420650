// Uploads one file as a page with Uppy would. Reads what to do as JSON from its first argument:
//
//   companion     the API's address, as `companionEndpoint`
//   token         sent with each call of the API, the way that README.md tells pages to; none where not given
//   name, type    of the file
//   sizeBytes     its length: zeros
//   inParts       whether to upload in parts, of 5 MiB
//   afterOnePart  "die" (as a page that is closed), "cancel", or nothing
//   resume        the `s3Multipart` that an upload before it printed
//
// Prints one line of JSON: {ended, partsSent, s3Multipart}, and {key}, {error} or {status} of the DELETE.

import { JSDOM } from 'jsdom'

const wish = JSON.parse(process.argv[2])

const { window } = new JSDOM('', { url: 'http://page.example/' })
for (const name of ['document', 'XMLHttpRequest', 'FormData', 'Blob', 'File', 'ProgressEvent']) {
  globalThis[name] = window[name]
}
globalThis.window = window

const plainFetch = globalThis.fetch
globalThis.fetch = async (address, options = {}) => {
  const isOurs = String(address).startsWith(`${wish.companion}/s3/`)
  const headers = { ...options.headers, ...(isOurs && wish.token && { Authorization: `Bearer ${wish.token}` }) }
  const answer = await plainFetch(address, { ...options, headers })
  if (options.method === 'DELETE') end('canceled', { status: answer.status }) // Uppy itself says nothing of it
  return answer
}

const { default: Uppy } = await import('@uppy/core')
const { default: AwsS3 } = await import('@uppy/aws-s3')

let partsSent = 0
let s3Multipart = wish.resume ?? null

function end(ended, more = {}) {
  process.stdout.write(`${JSON.stringify({ ended, partsSent, s3Multipart, ...more })}\n`, () => process.exit(0))
}

const uppy = new Uppy({ logger: { debug() {}, warn() {}, error() {} } })
uppy.use(AwsS3, { companionEndpoint: wish.companion, shouldUseMultipart: wish.inParts })
const data = new window.File([new Uint8Array(wish.sizeBytes)], wish.name, { type: wish.type })
const id = uppy.addFile({ name: wish.name, type: wish.type, data })
if (wish.resume) uppy.setFileState(id, { s3Multipart: wish.resume })

uppy.on('s3-multipart:part-uploaded', (file) => {
  partsSent += 1
  s3Multipart = uppy.getFile(file.id)?.s3Multipart ?? s3Multipart
  if (wish.afterOnePart === 'die') end('died')
  if (wish.afterOnePart === 'cancel') uppy.cancelAll()
})
uppy.on('upload-success', (_, response) => end('uploaded', { key: response.body.key }))
uppy.on('upload-error', (_, error) => end('failed', { error: error.message }))

await uppy.upload()
