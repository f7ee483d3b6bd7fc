/** Text as a machine wrote it, in its own lines. What is too wide scrolls, also by keyboard. */
export function Code({ text, className }: { text: string; className?: string | undefined }) {
  // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be reached by keyboard
  return <pre className={className} tabIndex={0}>{text}</pre>;
}
