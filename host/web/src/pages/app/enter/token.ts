/** The one-time token behind the `#`: `pbe_` and base32. Anything else is not sent anywhere. */
export function tokenOf(hash: string): string | undefined {
  const token = hash.replace(/^#/, "");
  return /^pbe_[a-zA-Z0-9_-]{16,200}$/.test(token) ? token : undefined;
}
