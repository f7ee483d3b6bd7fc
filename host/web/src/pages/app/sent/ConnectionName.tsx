/** The name of a connection, where a list knows only its id; the same answer as its own page uses. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Skeleton } from "~/ui/States";
import { connectionOf } from "../connection/queries";

export function ConnectionName({ id }: { id: string }) {
  const { data, isPending } = useQuery({ ...connectionOf(id), staleTime: 60_000 });
  if (isPending) return <Skeleton width={96} />;
  if (data === undefined) return <span>A connection that was deleted</span>;
  return <Link to="/app/connections/$connection" params={{ connection: id }}>{data.name}</Link>;
}
