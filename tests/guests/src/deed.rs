//! Which deed a connection asks for in a real host: the setting `deed`, else what was typed as `choice` when it was
//! made. A deed names its export: `read/loop` loops in `read`, and every other export is well behaved.

use serde_json::Value;

use crate::bindings::patchbay::connector::types::Context;

/// The fact that a person typed.
const FACT: &str = "choice";

/// Whether the connection asks for a deed, in whichever export.
pub(crate) fn is_set(ctx: &Context) -> bool {
    asked(ctx).is_some()
}

fn asked(ctx: &Context) -> Option<String> {
    let settings: Option<Value> = serde_json::from_slice(&ctx.settings).ok();
    let set = settings.as_ref().and_then(|settings| settings.get("deed")).and_then(Value::as_str);
    let typed = ctx.facts.iter().find(|fact| fact.key == FACT).map(|fact| fact.value.as_str());
    set.or(typed.filter(|typed| typed.contains('/'))).map(str::to_owned)
}

/// What to do in this export; nothing where the connection asks for a deed in another one, or for none.
pub(crate) fn of(ctx: &Context, export: &str) -> Option<String> {
    let deed = asked(ctx)?;
    let (at, deed) = deed.split_once('/')?;
    (at == export).then(|| deed.to_owned())
}
