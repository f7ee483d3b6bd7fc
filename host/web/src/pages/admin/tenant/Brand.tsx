/** A tenant's brand, with how it will look before it is saved. */
import type { Brand as Saved, Tenant } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useOld } from "~/api/admin";
import { base64 } from "~/api/base64";
import { answer, client } from "~/api/client";
import { saidOf, saysMore } from "~/forms/said";
import { readableOn } from "~/shell/contrast";
import { Button } from "~/ui/Button";
import { Drop } from "~/ui/Drop";
import { TextField } from "~/ui/Field";
import { Loading, Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import { colourOf, wrongLogo } from "./brand";
import css from "./Brand.module.css";
import form from "./Form.module.css";

export function Brand({ tenant }: { tenant: Tenant }) {
  const { data, error, refetch } = useQuery({ queryKey: ["brand", tenant.id], queryFn: () => answer(client(tenant.id).GET("/v1/brand")) });
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Loading lines={4} />;
  return <Form key={JSON.stringify(data)} tenant={tenant} saved={data} />;
}

/** Where the body of the request has the file. */
const LOGO = "/logo/data";

interface Logo {
  media_type: "image/svg+xml" | "image/png";
  data: string;
}

function Form({ tenant, saved }: { tenant: Tenant; saved: Saved }) {
  const [name, setName] = useState(saved.name);
  const [accent, setAccent] = useState(saved.accent ?? "");
  /** A new one; null takes the saved one away. */
  const [logo, setLogo] = useState<Logo | null>();
  const [wrong, complain] = useState<{ accent?: string; logo?: string }>({});
  const old = useOld();
  const { say } = useToasts();
  const save = useMutation({
    mutationFn: (colour: string | undefined) => answer(client(tenant.id).PUT("/v1/brand", { body: { name: name.trim() || null, accent: colour ?? null, ...(logo === undefined ? {} : { logo }) } })),
    onSuccess: () => {
      say(`The brand of ${tenant.name} is saved`);
      old("brand");
    },
  });
  const colour = colourOf(accent);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const bad = accent.trim() !== "" && colour === undefined;
    complain({ ...wrong, ...(bad ? { accent: "A colour is six digits and letters from a to f: #4b46d8." } : {}) });
    if (!bad) save.mutate(colour);
  };
  const take = ([file]: File[]) => {
    if (!file) return;
    const why = wrongLogo(file);
    complain(why ? { logo: why } : {});
    save.reset();
    if (!why) void base64(file).then((data) => setLogo({ media_type: file.type === "image/png" ? "image/png" : "image/svg+xml", data }));
  };
  return (
    <form className={form.two} onSubmit={submit} noValidate>
      <div className={form.form}>
        <TextField label="Name" value={name} onChange={setName} help={`Shown at the top of every page. Without it: ${tenant.name}`} optional />
        <TextField label="Accent colour" value={accent} onChange={(text) => { setAccent(text); complain({}); save.reset(); }} optional error={wrong.accent ?? saidOf(save.error, "/accent", "Accent colour")} help="Of buttons and links, as #rrggbb. Text on it is black or white, whichever can be read." />
        <Drop label="Logo" help="SVG or PNG, at most 64 KiB" accept="image/svg+xml,image/png" onFiles={take} />
        {(logo ?? (logo === undefined && saved.logo)) && <div className={`${form.foot} ${form.start}`}><Button look="quiet" onClick={() => setLogo(null)}>Remove logo</Button></div>}
        {(wrong.logo ?? saidOf(save.error, LOGO, "The logo")) && <p role="alert">{wrong.logo ?? saidOf(save.error, LOGO, "The logo")}</p>}
        {saysMore(save.error, ["/accent", LOGO]) && <Trouble error={save.error} />}
        <div className={`${form.foot} ${form.start}`}><Button type="submit" busy={save.isPending}>Save brand</Button></div>
      </div>
      <Preview name={name.trim() || tenant.name} accent={colour} logo={logo ? `data:${logo.media_type};base64,${logo.data}` : (logo === undefined && saved.logo) || undefined} />
    </form>
  );
}

/** How Link begins with this brand. */
function Preview({ name, accent, logo }: { name: string; accent: string | undefined; logo: string | undefined }) {
  return (
    <figure className={css.preview}>
      <figcaption className={form.soft}>How it will look</figcaption>
      <div className={css.page}>
        <div className={css.brand}>{logo && <img src={logo} alt="" />}<span>{name}</span></div>
        <p className={css.title}>Connect your software</p>
        <p className={form.soft}>{name} asks to read your data. You see first what is shared.</p>
        <span className={css.button} style={accent ? { background: accent, color: readableOn(accent) } : undefined}>Continue</span>
      </div>
    </figure>
  );
}
