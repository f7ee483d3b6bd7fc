/** Opens the portal as one of the tenant's people, as its backend would. */
import type { Tenant } from "@patchbay/client";
import { useMutation } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { useState, type FormEvent } from "react";
import { answer, client } from "~/api/client";
import { Button, buttonClass } from "~/ui/Button";
import { CopyText } from "~/ui/Copied";
import { SelectField, TextField } from "~/ui/Field";
import { Trouble } from "~/ui/States";
import { When } from "~/ui/Text";
import css from "./Form.module.css";

const LANGUAGES = [{ value: "en", label: "English" }, { value: "nl", label: "Nederlands" }, { value: "pl", label: "Polski" }] as const;
type Language = (typeof LANGUAGES)[number]["value"];

export function OpenPortal({ tenant }: { tenant: Tenant }) {
  const [user, setUser] = useState("");
  const [name, setName] = useState("");
  const [language, setLanguage] = useState<Language>("en");
  const [missing, miss] = useState(false);
  const open = useMutation({
    mutationFn: () => answer(client(tenant.id).POST("/v1/portal-sessions", { body: { user: user.trim(), language, ...(name.trim() ? { name: name.trim() } : {}) } })),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    miss(!user.trim());
    if (user.trim()) open.mutate();
  };
  return (
    <form className={`${css.form} ${css.narrow}`} onSubmit={submit} noValidate>
      <TextField label="User" value={user} onChange={setUser} help="Your own id of the person, as the backend would say it: user-4711. What is done there is written to the audit log under it." error={missing && !user.trim() ? "Say as whom." : undefined} />
      <TextField label="Name" optional value={name} onChange={setName} help="Shown at the foot of the menu." />
      <SelectField label="Language" value={language} onChange={(value) => setLanguage(LANGUAGES.find((each) => each.value === value)?.value ?? "en")} choices={[...LANGUAGES]} />
      {open.isError && <Trouble error={open.error} />}
      {open.data && (
        <>
          <CopyText label="Portal address" text={open.data.url} help={<>Works once, and ends <When at={open.data.expires_at} />. Whoever opens it is signed in as {user.trim()}.</>} />
          <div className={`${css.foot} ${css.start}`}><a className={buttonClass("primary")} href={open.data.url} target="_blank" rel="noreferrer"><ExternalLink aria-hidden="true" />Open portal</a></div>
        </>
      )}
      <div className={`${css.foot} ${css.start}`}><Button type="submit" busy={open.isPending}>{open.data ? "Make another" : "Make portal address"}</Button></div>
    </form>
  );
}
