/** The systems in use, as the host lists them by function, and how a switch changes them. */
import type { Function, UsedFunction, UsedSystem } from "@patchbay/client";
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "~/api/client";
import { useToasts } from "~/ui/Toasts";

export const used = queryOptions({ queryKey: ["used"], queryFn: () => answer(client().GET("/v1/used-systems")) });

/** One system with everything that it serves. */
export interface System {
  about: UsedSystem;
  functions: { function: Function; enabled: boolean }[];
}

/** By connection: a system stands under each function that it serves. */
export function systemsOf(items: UsedFunction[]): Map<string, System> {
  const systems = new Map<string, System>();
  for (const item of items) {
    for (const about of item.systems) {
      const system = systems.get(about.connection) ?? { about, functions: [] };
      system.functions.push({ function: item.function, enabled: about.function_enabled });
      systems.set(about.connection, system);
    }
  }
  return systems;
}

/** A switch: of one function of a system, or of the whole system. */
export interface Turn {
  connection: string;
  /** None for the whole system. */
  function?: Function;
  on: boolean;
}

/** The list as it will be. */
export function turned(items: UsedFunction[], turn: Turn): UsedFunction[] {
  return items.map((item) => ({
    ...item,
    systems: item.systems.map((system) => {
      if (system.connection !== turn.connection) return system;
      if (turn.function === undefined) return { ...system, enabled: turn.on };
      return item.function === turn.function ? { ...system, function_enabled: turn.on } : system;
    }),
  }));
}

/** Turns a switch: shown at once, and turned back with the reason when the host refuses. */
export function useTurn(): (turn: Turn) => void {
  const queries = useQueryClient();
  const { failed } = useToasts();
  const { queryKey } = used;
  const { mutate } = useMutation({
    mutationFn: ({ connection, function: name, on }: Turn) =>
      answer(client().PATCH("/v1/connections/{id}", { params: { path: { id: connection } }, body: name === undefined ? { enabled: on } : { functions: { [name]: on } } })),
    onMutate: async (turn) => {
      // An answer that is on its way would show the switch as it was.
      await queries.cancelQueries({ queryKey });
      const now = queries.getQueryData(queryKey);
      if (now) queries.setQueryData(queryKey, { ...now, items: turned(now.items, turn) });
    },
    onError: (error, turn) => {
      const now = queries.getQueryData(queryKey);
      // Only this switch goes back: another may have been turned meanwhile.
      if (now) queries.setQueryData(queryKey, { ...now, items: turned(now.items, { ...turn, on: !turn.on }) });
      failed(error);
    },
    onSuccess: (detail) => queries.setQueryData(["connection", detail.id], detail),
    onSettled: () => {
      for (const key of ["used", "catalog", "connections", "syncs"]) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
  return mutate;
}
