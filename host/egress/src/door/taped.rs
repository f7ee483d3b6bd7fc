//! A request of a run with a tape.

use std::sync::Arc;

use super::{Run, given, journaled::unkept};
use crate::{
    Response, SendError,
    door::journaled::answered,
    order::Order,
    retry,
    tape::{Player, Said, Tape},
};

impl Run {
    /// Plays the answer, or sends the request and keeps what came of it.
    pub(super) async fn taped(self: &Arc<Self>, tape: &Tape, said: Said, order: Order) -> Result<Response, SendError> {
        let asked = said.asked(&order).map_err(SendError::Denied)?;
        match tape {
            Tape::Plays(player) => {
                if let Some(step) = &order.write
                    && let Some(known) = self.begin(step).await?
                {
                    return given(&order, known, false).await;
                }
                let played = self.played(player.as_ref(), &asked, &order).await?;
                given(&order, played, false).await
            }
            Tape::Records(recorder) => {
                let sent = self.sent(order).await;
                recorder.heard(&asked, &sent);
                sent
            }
        }
    }

    /// The answer of the tape, and the journal's word for it, as of one that came over the wire.
    async fn played(
        &self,
        player: &dyn Player,
        asked: &crate::tape::Asked,
        order: &Order,
    ) -> Result<Response, SendError> {
        let played = player.answer(asked);
        let Some(step) = &order.write else { return played };
        match &played {
            Ok(response) => {
                let opens = http::StatusCode::from_u16(response.status).is_ok_and(retry::opens_again);
                answered(step, response, true, opens).await?;
            }
            Err(SendError::Unknown(_) | SendError::TooLarge(_)) => {
                step.journal.lost(&step.name).await.map_err(unkept)?;
            }
            Err(_) => step.journal.not_sent(&step.name).await.map_err(unkept)?,
        }
        played
    }
}
