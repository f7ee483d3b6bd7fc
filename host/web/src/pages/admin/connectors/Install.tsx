/** Installs a connector: a file, a reference of a registry, or what an index lists. The choice stands in the address. */
import type { InstalledRelease } from "@patchbay/client";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useOld } from "~/api/admin";
import { useAddress } from "~/ui/address";
import { Button, buttonClass } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { Tabs } from "~/ui/Tabs";
import { FromIndex } from "./FromIndex";
import { FromRegistry } from "./FromRegistry";
import { sentence } from "./standing";
import { UploadConnector } from "./UploadConnector";
import css from "./Install.module.css";

export function Install() {
  const [address, change] = useAddress();
  const [installed, set] = useState<InstalledRelease>();
  const old = useOld();
  const close = () => {
    change({ install: undefined });
    set(undefined);
  };
  const done = (result: InstalledRelease) => {
    set(result);
    old("connectors", "connector", "publishers");
  };
  const way = address["install"];
  return (
    <Dialog open={way !== undefined} onClose={close} title={installed ? `${installed.release.connector} ${installed.release.version}` : "Install connector"} wide actions={installed ? <Result installed={installed} onClose={close} /> : undefined}>
      {installed ? <Outcome installed={installed} /> : (
        <Tabs
          label="Where it comes from" value={way ?? "upload"} onChange={(install) => change({ install })}
          tabs={[
            { id: "upload", label: "Upload a file", content: <UploadConnector onDone={done} /> },
            { id: "registry", label: "From a registry", content: <FromRegistry onDone={done} /> },
            { id: "index", label: "From an index", content: <FromIndex onDone={done} /> },
          ]}
        />
      )}
    </Dialog>
  );
}

/** What became of it, and what follows. */
function Outcome({ installed: { release, asks_beyond } }: { installed: InstalledRelease }) {
  if (release.state === "active") return <p>It was checked, compiled and started, and is in use. Runs that begin from now on use it.</p>;
  if (release.state !== "ready") return <p>{release.reason ? sentence(release.reason) : "It is here already, and is not in use."}</p>;
  return (
    <div className={css.outcome}>
      <p>It was checked and compiled, and waits: nothing uses it before you approve it.</p>
      {asks_beyond.length > 0 && <><p>Beyond what was approved, it asks:</p><ul>{asks_beyond.map((line) => <li key={line}>{line}</li>)}</ul></>}
      {asks_beyond.length === 0 && release.reason && <p>{sentence(release.reason)}</p>}
    </div>
  );
}

function Result({ installed: { release }, onClose }: { installed: InstalledRelease; onClose: () => void }) {
  return (
    <>
      <Button onClick={onClose}>Close</Button>
      {release.state === "active"
        ? <Link to="/admin/connectors/$connector" params={{ connector: release.connector }} className={buttonClass("primary")}>Open connector</Link>
        : <Link to="/admin/releases/$release" params={{ release: release.id }} className={buttonClass("primary")}>See what it asks for</Link>}
    </>
  );
}
