/** Which upgrades go ahead without a person. */
import type { Upgrades } from "@patchbay/client";
import { useMutation, useQuery } from "@tanstack/react-query";
import { upgrades, useOld } from "~/api/admin";
import { answer, client } from "~/api/client";
import { SelectField } from "~/ui/Field";
import { Loading, Trouble } from "~/ui/States";
import { useToasts } from "~/ui/Toasts";
import { UPGRADES } from "./upgrades";

/** Not said: what the configuration says holds. */
const UNSAID = "unsaid";

export function UpgradePolicy({ connector }: { connector: string }) {
  const { data, error, refetch } = useQuery(upgrades(connector));
  const old = useOld();
  const { say, failed } = useToasts();
  const change = useMutation({
    mutationFn: (upgrades: Upgrades | null) => answer(client().PATCH("/v1/connectors/{connector}", { params: { path: { connector } }, body: { upgrades } })),
    onSuccess: () => {
      say("Saved. It holds for what is installed from now on");
      old("connector", "connectors");
    },
    onError: failed,
  });
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Loading lines={2} />;
  const words = Object.entries(UPGRADES).map(([value, { long }]) => ({ value, label: long }));
  const chosen = change.isPending ? change.variables : data.said;
  return (
    <SelectField
      label="New versions that ask for nothing more" value={chosen ?? UNSAID}
      choices={[{ value: UNSAID, label: data.said === null ? `As the configuration says: ${UPGRADES[data.upgrades].long.toLowerCase()}` : "As the configuration says" }, ...words]}
      onChange={(value) => change.mutate(isUpgrades(value) ? value : null)}
      help="A version that asks for anything beyond what was approved always waits for you. What waits already goes on waiting."
    />
  );
}

function isUpgrades(value: string): value is Upgrades {
  return value in UPGRADES;
}
