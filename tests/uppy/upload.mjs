// Uploads one file with the real Uppy, as a browser page does. Its first argument is JSON:
//
//   companion     the API's URL, used as `companionEndpoint`
//   token         the bearer token for each API request, added as README.md describes; optional
//   name, type    the file's name and content type
//   sizeBytes     the file's size; every byte is zero
//   inParts       true: multipart upload, in parts of 5 MiB
//   afterOnePart  "die" (exit, as a closed page does), "cancel", or absent
//   resume        the `s3Multipart` that an earlier run printed; optional
//
// Prints one line of JSON: {ended, partsSent, s3Multipart}, and {key}, {error} or the {status} of the DELETE.

import { JSDOM } from 'jsdom'

const options = JSON.parse(process.argv[2])

const { window } = new JSDOM('', { url: 'http://page.example/' })
for (const name of ['document', 'XMLHttpRequest', 'FormData', 'Blob', 'File', 'ProgressEvent']) {
  globalThis[name] = window[name]
}
globalThis.window = window

const nativeFetch = globalThis.fetch
globalThis.fetch = async (url, init = {}) => {
  const isApiRequest = String(url).startsWith(`${options.companion}/s3/`)
  const authorization = isApiRequest && options.token && { Authorization: `Bearer ${options.token}` }
  const response = await nativeFetch(url, { ...init, headers: { ...init.headers, ...authorization } })
  if (init.method === 'DELETE') exit('canceled', { status: response.status }) // Uppy has no event for this response
  return response
}

const { default: Uppy } = await import('@uppy/core')
const { default: AwsS3 } = await import('@uppy/aws-s3')

let partsSent = 0
let s3Multipart = options.resume ?? null

function exit(ended, fields = {}) {
  process.stdout.write(`${JSON.stringify({ ended, partsSent, s3Multipart, ...fields })}\n`, () => process.exit(0))
}

const uppy = new Uppy({ logger: { debug() {}, warn() {}, error() {} } })
uppy.use(AwsS3, { companionEndpoint: options.companion, shouldUseMultipart: options.inParts })
const data = new window.File([new Uint8Array(options.sizeBytes)], options.name, { type: options.type })
const id = uppy.addFile({ name: options.name, type: options.type, data })
if (options.resume) uppy.setFileState(id, { s3Multipart: options.resume })

uppy.on('s3-multipart:part-uploaded', (file) => {
  partsSent += 1
  s3Multipart = uppy.getFile(file.id)?.s3Multipart ?? s3Multipart
  if (options.afterOnePart === 'die') exit('died')
  if (options.afterOnePart === 'cancel') uppy.cancelAll()
})
uppy.on('upload-success', (_, response) => exit('uploaded', { key: response.body.key }))
uppy.on('upload-error', (_, error) => exit('failed', { error: error.message }))

await uppy.upload()
