//! `POST /v1/pushes/{id}/resolve`

use axum::{Json, extract::State};
use patchbay_app::Resolution;
use patchbay_model::{Code, Fault, PushId, contract};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api,
    body::{Body, InPath},
    caller::Tenant,
    problem::{Problem, Refusal},
    wire::Push,
};

/// What a person says about a push of which it is not known whether it was written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"decision": "done", "object": {"id": "8812", "url": "https://books.acme.example/issues/8812"}}))]
pub(crate) struct ResolutionWanted {
    /// What is to be done.
    decision: Decision,
    /// The object at the provider, where the person can name it; with `done` only.
    object: Option<ObjectNamed>,
}

/// What is to be done about it: `look_again` (ask the provider again, now), `done` (it is there), `send_anyway` (it is
/// not there, or twice does no harm: it is written again) or `give_up` (it ends as `failed`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Decision {
    LookAgain,
    Done,
    SendAnyway,
    GiveUp,
}

/// An object at a provider, as a person names it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectNamed {
    /// The provider's id, printable characters.
    #[schema(example = "8812", min_length = 1, max_length = 2000)]
    id: String,
    /// Where a person can see it; begins with `https://`.
    #[schema(example = "https://books.acme.example/issues/8812", max_length = 2000)]
    url: Option<String>,
}

impl ResolutionWanted {
    fn resolution(self) -> Result<Resolution, Fault> {
        let object = self.object.map(|named| contract::Object { id: named.id, url: named.url });
        if object.is_some() && self.decision != Decision::Done {
            return Err(Fault::new(Code::BodyInvalid).field("/object", "belongs to the decision `done` only"));
        }
        Ok(match self.decision {
            Decision::LookAgain => Resolution::LookAgain,
            Decision::Done => Resolution::Done { object },
            Decision::SendAnyway => Resolution::SendAnyway,
            Decision::GiveUp => Resolution::GiveUp,
        })
    }
}

/// Decides about a push that is `unknown`: look again, mark it as done, send it anyway, or give it up.
///
/// Look at the provider before `send_anyway`: if the item is there after all, it will be there twice. A push that is
/// `failed` or `rejected` can be marked as `done`, where somebody wrote it by hand. Everything else is refused (409).
#[utoipa::path(
    post, path = "/v1/pushes/{id}/resolve", tag = "pushes", operation_id = "resolvePush",
    params(("id" = String, Path, description = "The push, `psh_…`")),
    request_body = ResolutionWanted,
    responses((status = 200, description = "The push as it is now", body = Push), Refusal),
    security(("tenant" = []), ("operator" = []))
)]
pub(crate) async fn handler(
    State(api): State<Api>,
    tenant: Tenant,
    InPath(id): InPath<PushId>,
    Body(word): Body<ResolutionWanted>,
) -> Result<Json<Push>, Problem> {
    let push = api.app.resolve_push(tenant.id, id, word.resolution()?, tenant.caller.actor()).await?;
    Ok(Json(Push::seen_by(push, &tenant.caller)?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(body: Value) -> Result<Resolution, String> {
        let word: ResolutionWanted = serde_json::from_value(body).map_err(|error| error.to_string())?;
        word.resolution().map_err(|fault| fault.fields[0].pointer.clone())
    }

    #[test]
    fn each_word_is_a_decision_and_an_object_belongs_to_one_only() {
        let object = Some(contract::Object { id: "8".to_owned(), url: None });
        for (word, meant) in [
            ("look_again", Resolution::LookAgain),
            ("done", Resolution::Done { object: None }),
            ("send_anyway", Resolution::SendAnyway),
            ("give_up", Resolution::GiveUp),
        ] {
            assert_eq!(said(json!({"decision": word})), Ok(meant), "{word}");
        }
        assert_eq!(said(json!({"decision": "done", "object": {"id": "8"}})), Ok(Resolution::Done { object }));
        let misplaced = said(json!({"decision": "send_anyway", "object": {"id": "8"}}));
        assert_eq!(misplaced, Err("/object".to_owned()));
        assert!(said(json!({"decision": "delete"})).is_err() && said(json!({})).is_err());
    }
}
