/** When a stream is read: as the connector says, every so often, at a time of day, or by a cron expression. */
import type { Sync } from "@patchbay/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useMemo, useState, type FormEvent } from "react";
import { answer, client, problem } from "~/api/client";
import { Button } from "~/ui/Button";
import { SelectField, TextField } from "~/ui/Field";
import { When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";
import { draftOf, wantedOf, WEEKDAYS, wrongWith, type ScheduleDraft, type Unit } from "./schedule";
import css from "./ScheduleForm.module.css";

const WAYS: [ScheduleDraft["way"], string][] = [["own", "As the connector says"], ["every", "Every so often"], ["daily", "At a time of day"], ["cron", "By a cron expression"]];
const UNITS: { value: Unit; label: string }[] = [{ value: "m", label: "minutes" }, { value: "h", label: "hours" }, { value: "d", label: "days" }, { value: "s", label: "seconds" }];
/** A week begins on Monday. */
const WEEK = [1, 2, 3, 4, 5, 6, 0];

export function ScheduleForm({ sync }: { sync: Sync }) {
  const here = useMemo(() => Intl.DateTimeFormat().resolvedOptions().timeZone, []);
  const begun = useMemo(() => draftOf(sync.schedule, sync.custom_schedule, here), [sync.schedule, sync.custom_schedule, here]);
  const [draft, set] = useState(begun);
  const [tried, attempt] = useState(false);
  const group = useId();
  const queries = useQueryClient();
  const { say } = useToasts();
  const save = useMutation({
    mutationFn: () => answer(client().PATCH("/v1/syncs/{id}", { params: { path: { id: sync.id } }, body: { schedule: wantedOf(draft) } })),
    onSuccess: () => {
      say("The schedule is set");
      return queries.invalidateQueries({ queryKey: ["syncs", sync.connection] });
    },
  });
  const change = (part: Partial<ScheduleDraft>) => {
    save.reset();
    set((was) => ({ ...was, ...part }));
  };
  const mine = tried ? wrongWith(draft) : undefined;
  const theirs = (member: string) => (save.error ? problem(save.error).errors.find((field) => field.pointer === `/schedule/${member}`)?.detail : undefined);
  const rest = save.error && !["every", "cron", "zone"].some(theirs) ? problem(save.error).detail : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt(true);
    if (wrongWith(draft) === undefined) save.mutate();
  };
  return (
    <form className={css.form} onSubmit={submit} noValidate>
      <fieldset className={css.ways}>
        <legend className="visually-hidden">When it is read</legend>
        {WAYS.map(([way, label]) => (
          <label key={way}><input type="radio" name={group} checked={draft.way === way} onChange={() => change({ way })} />{label}</label>
        ))}
      </fieldset>
      {draft.way === "every" && (
        <div className={css.row}>
          <TextField label="Every" inputMode="numeric" value={draft.amount} onChange={(amount) => change({ amount })} error={mine ?? theirs("every")} />
          <SelectField label="Unit" value={draft.unit} choices={UNITS} onChange={(unit) => change({ unit: unit as Unit })} />
        </div>
      )}
      {draft.way === "daily" && (
        <>
          <label className={css.time}><span>Time of day</span><input type="time" value={draft.time} onChange={(event) => change({ time: event.target.value })} /></label>
          <fieldset className={css.days}>
            <legend>Days</legend>
            {WEEK.map((day) => (
              <label key={day}><input type="checkbox" checked={draft.days.includes(day)} onChange={(event) => change({ days: event.target.checked ? [...draft.days, day] : draft.days.filter((each) => each !== day) })} />{WEEKDAYS[day]}</label>
            ))}
          </fieldset>
          {(mine ?? theirs("cron")) && <p className={css.error} role="alert">{mine ?? theirs("cron")}</p>}
        </>
      )}
      {draft.way === "cron" && <TextField label="Cron expression" help="Five parts: minute, hour, day of the month, month, day of the week. 30 2 * * 1 is Monday at 02:30." value={draft.cron} onChange={(cron) => change({ cron })} error={mine ?? theirs("cron")} />}
      {(draft.way === "daily" || draft.way === "cron") && <Zone value={draft.zone} onChange={(zone) => change({ zone })} error={theirs("zone")} />}
      {rest && <p className={css.error} role="alert">{rest}</p>}
      <div className={css.foot}>
        <Button type="submit" look="primary" busy={save.isPending}>Save schedule</Button>
        <span className={css.soft}>{sync.next_due_at ? <>Next run <When at={sync.next_due_at} /></> : "It is not read at present."}</span>
      </div>
    </form>
  );
}

/** Every zone that the browser knows, and the one that is set. */
function Zone({ value, onChange, error }: { value: string; onChange: (zone: string) => void; error: string | undefined }) {
  const zones = useMemo(() => [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", value])].sort().map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") })), [value]);
  return <SelectField label="Time zone" help="Its clock is meant, with summer time." value={value} choices={zones} onChange={onChange} error={error} />;
}
