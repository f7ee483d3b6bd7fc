/** What the host says about a field, as a sentence: it may begin behind the field's name ("is missing"). */
export function said(label: string, detail: string): string {
  const sentence = /^[a-z]/.test(detail) ? `${label} ${detail}` : detail;
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
