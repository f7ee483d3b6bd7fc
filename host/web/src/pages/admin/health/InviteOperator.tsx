/** A one-time sign-in address for another browser, or for another operator. */
import { useMutation } from "@tanstack/react-query";
import { UserRoundPlus } from "lucide-react";
import { answer, client } from "~/api/client";
import { Button } from "~/ui/Button";
import { Once } from "~/ui/Copied";
import { Dialog } from "~/ui/Dialog";
import { When } from "~/ui/Text";
import { useToasts } from "~/ui/Toasts";

export function InviteOperator() {
  const { failed } = useToasts();
  const invite = useMutation({ mutationFn: () => answer(client().POST("/v1/operator-sessions/invite")), onError: failed });
  return (
    <>
      <Button icon={<UserRoundPlus aria-hidden="true" />} busy={invite.isPending} onClick={() => invite.mutate()}>Invite operator</Button>
      <Dialog open={invite.data !== undefined} onClose={invite.reset} title="Sign-in for another operator" actions={<Button look="primary" onClick={invite.reset}>Done</Button>}>
        {invite.data && <Once label="Sign-in address" text={invite.data.url}>Works once, and ends <When at={invite.data.expires_at} />. Whoever opens it may do everything on this host: send it by a way that only they read.</Once>}
      </Dialog>
    </>
  );
}
