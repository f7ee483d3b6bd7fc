/** What an operator may paste: a token, a key, or the whole address that the console printed. */
export function tokenOf(text: string): string {
  const trimmed = text.trim();
  const fragment = trimmed.lastIndexOf("#");
  return fragment < 0 ? trimmed : trimmed.slice(fragment + 1);
}

/** The token in the address that was opened; none where the fragment is something else. */
export function tokenIn(hash: string): string | undefined {
  const token = tokenOf(hash);
  return /^pbs_[0-9a-z]+$/i.test(token) ? token : undefined;
}

/** Where to go after signing in: a page of the operators' part of this host, or its first. */
export function pathAfter(then: string | undefined): string {
  if (then === undefined || !/^\/admin\/[\w/.~%-]+$/.test(then) || then.includes("//") || then.split("/").some((part) => /^(\.|%2e){1,2}$/i.test(part))) return "/admin/connectors";
  return then.startsWith("/admin/sign-in") ? "/admin/connectors" : then;
}
