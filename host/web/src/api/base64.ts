/** Base64 of the bytes of a small file: how the API takes them inside JSON and headers. */
export async function base64(file: Blob): Promise<string> {
  let text = "";
  for (const byte of new Uint8Array(await file.arrayBuffer())) text += String.fromCharCode(byte);
  return btoa(text);
}
