/** One picker: a typeahead over the provider's data, with a refresh where the host holds a copy of it. */
import type { Picker as About } from "@patchbay/client";
import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { answer, client, problem } from "~/api/client";
import { Button } from "~/ui/Button";
import { TextField } from "~/ui/Field";
import { When } from "~/ui/Text";
import { Typeahead, type Pick } from "~/ui/Typeahead";
import { useToasts } from "~/ui/Toasts";
import { useLater } from "./later";
import css from "./Send.module.css";

/** Milliseconds between two looks while the searched records are read again. */
const LOOK = 1_500;

export interface PickerProps {
  connection: string;
  picker: About;
  /** Ids of the choices that it depends on, by picker; it cannot be asked before all are made. */
  parents: Record<string, string | undefined>;
  /** What they are called, to say which one is missing. */
  missing: string | undefined;
  chosen: Pick | null;
  onChoose: (pick: Pick | null) => void;
  error?: string | undefined;
  optional?: boolean;
  help?: string | undefined;
  name?: string;
}

export function Picker({ connection, picker, parents, missing, chosen, onChoose, error, optional = false, help, name }: PickerProps) {
  const [text, search] = useState("");
  const [types, type] = useState(false);
  const q = useLater(text.trim());
  const queries = useQueryClient();
  const { failed } = useToasts();
  const queryKey = ["picker", connection, picker.name, parents, q];
  const { data, error: trouble, isFetching, isPending, isPlaceholderData, hasNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => {
      const query: Record<string, string> = { q, ...(pageParam ? { cursor: pageParam } : {}) };
      for (const [parent, id] of Object.entries(parents)) if (id !== undefined) query[`parent.${parent}`] = id;
      return answer(client().GET("/v1/connections/{id}/pickers/{picker}", { params: { path: { id: connection, picker: picker.name }, query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    enabled: missing === undefined && !types,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.pages[0]?.refreshing ? LOOK : false),
  });
  const refresh = useMutation({
    mutationFn: () => answer(client().POST("/v1/connections/{id}/pickers/{picker}/refresh", { params: { path: { id: connection, picker: picker.name } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["picker", connection, picker.name] }),
    onError: failed,
  });
  const first = data?.pages[0];
  const refreshing = refresh.isPending || first?.refreshing === true;
  if (types) {
    return (
      <div className={css.picker}>
        <TextField label={`${picker.title}: its id`} value={chosen?.id ?? ""} error={error} optional={optional} onChange={(id) => onChoose(id === "" ? null : { id, label: id })} help="As the provider names it." />
        <Button look="quiet" className={css.aside} onClick={() => type(false)}>Search instead</Button>
      </div>
    );
  }
  return (
    <div className={css.picker}>
      <Typeahead
        label={picker.title} chosen={chosen} onChoose={onChoose} onText={search} error={error} optional={optional} disabled={missing !== undefined} {...(name ? { name } : {})}
        help={missing !== undefined ? `Choose ${missing} first.` : help}
        choices={isPending ? undefined : data?.pages.flatMap((page) => page.choices)}
        busy={isPlaceholderData || text.trim() !== q || (isFetching && first === undefined)}
        trouble={trouble && <><p>{problem(trouble).detail}</p><Button look="quiet" onClick={() => void refetch()}>Try again</Button></>}
        none={q === "" ? (refreshing ? "They are being read just now." : "There is nothing to choose.") : `Nothing fits “${q}”.`}
        more={hasNextPage ? () => void fetchNextPage() : undefined}
        foot={first && <span>{refreshing ? "Being read again just now" : first.as_of ? <>As of <When at={first.as_of} /></> : "Never read yet"}</span>}
      />
      <div className={css.asides}>
        {picker.refreshable && missing === undefined && (
          <Button look="quiet" className={css.aside} busy={refreshing} icon={<RefreshCw aria-hidden="true" className={refreshing ? css.turning : undefined} />} onClick={() => refresh.mutate()} aria-label={`${refreshing ? "Reading again" : "Refresh"}: ${picker.title}`}>
            {refreshing ? "Reading again" : "Refresh"}
          </Button>
        )}
        <Button look="quiet" className={css.aside} onClick={() => type(true)} aria-label={`Type its id: ${picker.title}`}>Type its id</Button>
      </div>
    </div>
  );
}
