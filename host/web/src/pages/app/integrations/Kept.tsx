/**
 * Where a connection will be kept, said before anybody logs in. A link signs a person in without asking, so somebody could
 * have led them here to connect their business to a stranger's tenant: they see whose it is in time. The tenant's name is
 * the operator's word; the brand that stands on the page is the tenant's own, which could say anything.
 */
import { useSession } from "~/api/session";
import css from "./Connect.module.css";

export function Kept() {
  const session = useSession("portal");
  if (!session?.tenant) return null;
  const who = session.name ?? session.user;
  return <p className={css.kept}>This connection is kept by <strong>{session.tenant.name}</strong>{who && <>, for <strong>{who}</strong></>}.</p>;
}
