/** Who did something, as the API says it, with its ids shortened, as ids are everywhere. */
export function shortened(actor: string): string {
  return actor.replace(/([a-z]{3}_[0-9a-z]{4})[0-9a-z]{8,}([0-9a-z]{4})/g, "$1…$2");
}
