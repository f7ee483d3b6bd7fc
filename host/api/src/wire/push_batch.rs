//! What became of each item of a batch: its push, or the problem that it would have had alone.

use patchbay_app::{Caller, PushAnswer};
use patchbay_model::Fault;
use serde::Serialize;
use utoipa::ToSchema;

use super::AcceptedPush;
use crate::problem::ProblemBody;

/// What became of each item of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchResults {
    /// One for each item, in the order of the items.
    results: Vec<BatchResult>,
}

/// What became of one item: either `push` or `problem` is null.
#[derive(Debug, Serialize, ToSchema)]
struct BatchResult {
    /// Its place in `items`, from 0.
    #[schema(example = 0)]
    index: usize,
    /// What `POST /v1/pushes` would have answered for it alone, with 201 or 200.
    push: Option<AcceptedPush>,
    /// Why it was not accepted: what `POST /v1/pushes` would have answered for it alone. Pointers lead into the item.
    problem: Option<ProblemBody>,
}

impl BatchResults {
    /// The answers, in the order of the items.
    pub(crate) fn seen_by(answers: Vec<Result<PushAnswer, Fault>>, caller: &Caller) -> Self {
        let results = answers.into_iter().enumerate().map(|(index, answer)| {
            let (push, problem) = split(answer, caller);
            BatchResult { index, push, problem }
        });
        Self { results: results.collect() }
    }
}

/// Of one of several items its push or its problem. A push that cannot be shown is a problem of its own, and hides none
/// of the others.
pub(super) fn split(answer: Result<PushAnswer, Fault>, caller: &Caller) -> (Option<AcceptedPush>, Option<ProblemBody>) {
    let shown = answer.and_then(|answer| AcceptedPush::seen_by(answer, caller).map_err(|problem| problem.0));
    match shown {
        Ok(push) => (Some(push), None),
        Err(fault) => (None, Some(ProblemBody::of_one(&fault, caller))),
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::{Code, KeyId, SystemClock, SystemRandom, TenantId};

    use super::*;

    fn results(caller: &Caller) -> serde_json::Value {
        let wrong = Fault::new(Code::PayloadInvalid).field("/payload/title", "is missing").operator("schema 3");
        let answers = vec![Err(wrong), Err(Fault::new(Code::KeyReused))];
        serde_json::to_value(BatchResults::seen_by(answers, caller)).expect("an answer")
    }

    #[test]
    fn an_item_that_is_refused_has_the_problem_that_it_would_have_had_alone() {
        let tenant = TenantId::fresh(&SystemClock, &SystemRandom);
        let told = results(&Caller::Tenant { key: KeyId::fresh(&SystemClock, &SystemRandom), tenant });
        let problem = &told["results"][0]["problem"];
        assert_eq!((&problem["status"], &problem["code"]), (&422.into(), &"PB4002".into()));
        assert_eq!(problem["type"], "/errors/PB4002");
        assert_eq!(problem["errors"][0]["pointer"], "/payload/title", "into the item, as alone");
        assert_eq!(problem["operator"], serde_json::Value::Null, "a tenant is not told why");
        assert_eq!(told["results"][0]["push"], serde_json::Value::Null);
        assert_eq!((&told["results"][1]["index"], &told["results"][1]["problem"]["status"]), (&1.into(), &409.into()));
    }

    #[test]
    fn an_operator_is_told_why_an_item_was_refused() {
        let told = results(&Caller::Operator { key: KeyId::fresh(&SystemClock, &SystemRandom) });
        assert_eq!(told["results"][0]["problem"]["operator"], "schema 3");
    }
}
