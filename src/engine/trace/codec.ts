/**
 * The file format of a trace, little endian: magic, uint32 length of the header, sha256 of the header, sha256 of the body,
 * header (JSON), body (zlib). The body is, in the order of the header's lists: texts of the files (UTF-8), their token
 * offsets (varint differences), selections of the steps as the addon encoded them.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { deflate, inflate } from "node:zlib";
import { z } from "zod";
import type { Trace, TracedFile, TraceStep } from "./types";

const MAGIC = "LSTRC001";
const HASH_BYTES = 32;
const PREFIX_BYTES = MAGIC.length + 4 + 2 * HASH_BYTES;
const MAX_HEADER_BYTES = 256 * 2 ** 20;
/** Selections gain little from more effort. */
const COMPRESSION_LEVEL = 3;

const count = z.int().nonnegative();
const headerSchema = z.object({
  id: z.string(),
  workspace: z.string(),
  question: z.string(),
  asOf: z.string(),
  model: z.string(),
  layers: count,
  k: count,
  initial: count,
  local: count,
  contextTokens: count,
  bodyBytes: count,
  files: z.array(
    z.object({
      path: z.string(),
      uri: z.string(),
      start: count,
      count,
      parts: z.array(z.tuple([count, count])).optional(),
      textBytes: count,
      offsetBytes: count,
    }),
  ),
  steps: z.array(
    z.object({
      phase: z.enum(["question", "answer"]),
      text: z.string(),
      selectable: z.tuple([count, count]),
      bytes: count,
    }),
  ),
});

/** What stands in front of a trace: all but texts and selections. */
export type TraceHeader = z.infer<typeof headerSchema>;

/** A trace file that is not what it should be. */
export class DamagedTraceError extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(`damaged trace: ${detail}`, options);
    this.name = "DamagedTraceError";
  }
}

/** The file's bytes. */
export async function encodeTrace(trace: Trace): Promise<Uint8Array> {
  const texts = trace.files.map((file) => Buffer.from(file.text, "utf8"));
  const offsets = trace.files.map((file) => encodeOffsets(file.offsets));
  const body = Buffer.concat([...texts, ...offsets, ...trace.steps.map((step) => step.selection)]);
  const { files, steps, ...facts } = trace;
  const header: TraceHeader = {
    ...facts,
    bodyBytes: body.length,
    files: files.map(({ path, uri, start, count, parts }, index) => {
      const textBytes = texts[index]?.length ?? 0;
      const place = {
        path,
        uri,
        start,
        count,
        ...(parts && { parts: parts.map(([from, to]) => [from, to] as [number, number]) }),
      };
      return { ...place, textBytes, offsetBytes: offsets[index]?.length ?? 0 };
    }),
    steps: steps.map(({ phase, text, selectable, selection }) => {
      return { phase, text, selectable: [...selectable], bytes: selection.length };
    }),
  };
  const json = Buffer.from(JSON.stringify(header), "utf8");
  const packed = await promisify<Uint8Array, { level: number }, Buffer>(deflate)(body, { level: COMPRESSION_LEVEL });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([Buffer.from(MAGIC), length, hash(json), hash(packed), json, packed]);
}

/** Bytes from the start of the file that hold the header. @throws DamagedTraceError */
export function headerEnd(start: Buffer): number {
  if (start.length < PREFIX_BYTES || start.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new DamagedTraceError("it does not start as a trace");
  }
  const length = start.readUInt32LE(MAGIC.length);
  if (length > MAX_HEADER_BYTES) throw new DamagedTraceError("its header is too long");
  return PREFIX_BYTES + length;
}

/** Bytes to read before `headerEnd` can tell how many the header has. */
export const headerPrefixBytes = PREFIX_BYTES;

/** The checked header. @param data the file, at least up to `headerEnd` @throws DamagedTraceError */
export function decodeHeader(data: Buffer): TraceHeader {
  const json = data.subarray(PREFIX_BYTES, headerEnd(data));
  const at = MAGIC.length + 4;
  if (!hash(json).equals(data.subarray(at, at + HASH_BYTES))) throw new DamagedTraceError("its header was altered");
  try {
    return headerSchema.parse(JSON.parse(json.toString("utf8")));
  } catch (error) {
    throw new DamagedTraceError("its header is of another version", { cause: error });
  }
}

/** The whole checked trace. @throws DamagedTraceError */
export async function decodeTrace(data: Buffer): Promise<Trace> {
  const header = decodeHeader(data);
  const packed = data.subarray(headerEnd(data));
  const at = MAGIC.length + 4 + HASH_BYTES;
  if (!hash(packed).equals(data.subarray(at, at + HASH_BYTES))) throw new DamagedTraceError("its body was altered");
  const body = await promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflate)(packed, {
    maxOutputLength: Math.max(1, header.bodyBytes),
  }).catch((error: unknown) => {
    throw new DamagedTraceError("its body cannot be unpacked", { cause: error });
  });
  const take = reader(body);
  const texts = header.files.map((file) => take(file.textBytes).toString("utf8"));
  const offsets = header.files.map((file) => decodeOffsets(take(file.offsetBytes), file.count + 1));
  const { files, steps, bodyBytes: _, ...facts } = header;
  return {
    ...facts,
    files: files.map(({ path, uri, start, count, parts }, index): TracedFile => {
      const place = { path, uri, start, count, ...(parts && { parts }) };
      return { ...place, text: texts[index] ?? "", offsets: offsets[index] ?? new Int32Array(1) };
    }),
    steps: steps.map(({ phase, text, selectable, bytes }): TraceStep => {
      return { phase, text, selectable, selection: take(bytes) };
    }),
  };
}

/** Takes a body apart, front to back. */
function reader(body: Buffer): (bytes: number) => Buffer {
  let at = 0;
  return (bytes) => {
    if (at + bytes > body.length) throw new DamagedTraceError("its body is too short");
    at += bytes;
    return body.subarray(at - bytes, at);
  };
}

function encodeOffsets(offsets: Int32Array): Buffer {
  const bytes: number[] = [];
  let last = 0;
  for (const offset of offsets) {
    let difference = offset - last;
    last = offset;
    for (; difference > 0x7f; difference >>>= 7) bytes.push((difference & 0x7f) | 0x80);
    bytes.push(difference);
  }
  return Buffer.from(bytes);
}

function decodeOffsets(bytes: Buffer, count: number): Int32Array {
  const offsets = new Int32Array(count);
  let at = 0;
  let offset = 0;
  for (let i = 0; i < count; i++) {
    let difference = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new DamagedTraceError("its token offsets are cut short");
      difference |= (byte & 0x7f) << shift;
      more = byte > 0x7f;
    }
    offsets[i] = offset += difference;
  }
  return offsets;
}

const hash = (data: Uint8Array): Buffer => createHash("sha256").update(data).digest();
