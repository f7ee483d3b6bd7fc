/** The forms that send, each fetched when it is opened for the first time: most who look at what was sent send nothing. */
import { lazy, Suspense, useState, type ComponentProps } from "react";
import type { MeetingForm } from "./MeetingForm";
import type { SendForm } from "./SendForm";

const Send = lazy(() => import("./SendForm").then(({ SendForm: form }) => ({ default: form })));
const Meeting = lazy(() => import("./MeetingForm").then(({ MeetingForm: form }) => ({ default: form })));

export function SendDialog(props: ComponentProps<typeof SendForm>) {
  return useOpened(props.open) && <Suspense fallback={null}><Send {...props} /></Suspense>;
}

export function MeetingDialog(props: ComponentProps<typeof MeetingForm>) {
  return useOpened(props.open) && <Suspense fallback={null}><Meeting {...props} /></Suspense>;
}

/** Whether it was open at all: one that closes stays, so that it can be seen closing. */
function useOpened(open: boolean): boolean {
  const [opened, set] = useState(open);
  if (open && !opened) set(true);
  return open || opened;
}
