// Creates the job of a file with the AWS SDK for JavaScript, waits for its end, and prints its status.
//
//     npm install @aws-sdk/client-mediaconvert
//     node create-job.mjs job.json
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

// This finds the SDK in the folder from which the command runs.
const require = createRequire(`${process.cwd()}/`);
const { CreateJobCommand, GetJobCommand, MediaConvertClient } = require("@aws-sdk/client-mediaconvert");

const client = new MediaConvertClient({ endpoint: process.env.MEDIACONVERT_URL ?? "http://127.0.0.1:8002" });
let { Job: job } = await client.send(new CreateJobCommand(JSON.parse(readFileSync(process.argv[2], "utf8"))));
while (["SUBMITTED", "PROGRESSING"].includes(job.Status)) {
  await sleep(200);
  ({ Job: job } = await client.send(new GetJobCommand({ Id: job.Id })));
}
console.log(job.Id, job.Status, job.ErrorMessage ?? "");
