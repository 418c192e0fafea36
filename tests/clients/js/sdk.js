/* sdk.js REPOSITORY GIVEN SOURCE DESTINATION: a tree up and another down. */
import { S3Client, PutObjectCommand, GetObjectCommand, DeleteObjectsCommand,
  paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createReadStream, promises as fs, readFileSync } from "node:fs";
import path from "node:path";

const [repo, given, src, dst] = process.argv.slice(2);
const s3 = new S3Client({ endpoint: process.env.AWS_ENDPOINT_URL, region: "us-east-1", forcePathStyle: true });

for (const e of await fs.readdir(src, { recursive: true, withFileTypes: true })) {
  if (!e.isFile()) continue;
  const file = path.join(e.parentPath, e.name);
  await s3.send(new PutObjectCommand({ Bucket: repo, Key: "main/up/" + path.relative(src, file),
    Body: await fs.readFile(file) }));
}
for await (const page of paginateListObjectsV2({ client: s3, pageSize: 2 }, { Bucket: repo, Prefix: given }))
  for (const o of page.Contents ?? []) {
    const file = path.join(dst, o.Key.slice(given.length));
    await fs.mkdir(path.dirname(file), { recursive: true });
    const got = await s3.send(new GetObjectCommand({ Bucket: repo, Key: o.Key }));
    await fs.writeFile(file, await got.Body.transformToByteArray());
  }

/* A stream, in parts. */
await new Upload({ client: s3, partSize: 5 << 20, params: { Bucket: repo, Key: "main/parts",
  Body: createReadStream(path.join(src, "big.bin")) } }).done();

const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: repo, Key: "main/parts" }));
const got = await fetch(url);
if (got.status !== 200 || (await got.arrayBuffer()).byteLength !== 9 << 20)
  throw new Error("the presigned address does not work");

/* As the SDK has it by default: the checksum of an empty body is in the query, and so is what would
   be headers, which the address then means. */
const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket: repo, Key: "main/signed",
  Metadata: { who: "js" }, Tagging: "a=b" }));
if (!new URL(put).searchParams.has("x-amz-checksum-crc32"))
  throw new Error("the address has no checksum any more: " + put);
if ((await fetch(put, { method: "PUT", body: "any body" })).status !== 200)
  throw new Error("the presigned upload does not work");
const signed = await s3.send(new GetObjectCommand({ Bucket: repo, Key: "main/signed" }));
if (await signed.Body.transformToString() !== "any body" || signed.TagCount !== 1)
  throw new Error("the presigned upload lost its body or its tags");
if (signed.Metadata.who !== "js")
  throw new Error("the presigned upload lost its metadata");
if ((await fetch(put, { method: "PUT", body: "x", headers: { "x-amz-acl": "private" } })).status !== 403)
  throw new Error("a header that was not signed was taken");
try {
  await s3.send(new PutObjectCommand({ Bucket: repo, Key: "main/parts", Body: "x", IfNoneMatch: "*" }));
  throw new Error("If-None-Match was ignored");
} catch (e) {
  if (e.$metadata?.httpStatusCode !== 412) throw e;
}
await s3.send(new DeleteObjectsCommand({ Bucket: repo, Delete: { Objects: [{ Key: "main/signed" }] } }));
console.log(JSON.parse(readFileSync("node_modules/@aws-sdk/client-s3/package.json")).version);
