/**
 * Reads the compact form of a selection: for each layer a varint count, then the token indices as varint differences.
 * @returns one ascending array of token indices per layer; empty for a layer that attended densely
 */
export function decodeSelection(bytes: Uint8Array): Int32Array[] {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new RangeError("damaged selection");
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const layers: Int32Array[] = [];
  while (at < bytes.length) {
    const tokens = new Int32Array(next());
    let token = 0;
    for (let i = 0; i < tokens.length; i++) tokens[i] = token += next();
    layers.push(tokens);
  }
  return layers;
}
