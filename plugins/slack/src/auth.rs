//! Which workspace it is. One consent is for one workspace, unless the app was installed for a whole organisation.

use patchbay_sdk::{Account, Context, Identity, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::wire::{Api, is_id, no_id};

#[derive(Deserialize)]
struct Who {
    team_id: String,
    team: Option<String>,
    /// The app's own user.
    user: Option<String>,
    /// Where people open the workspace.
    url: Option<String>,
    enterprise_id: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    let answer = api.who()?;
    let who: Who = answer.json()?;
    if !is_id(&who.team_id, "TE") {
        return Err(no_id("a workspace"));
    }
    let org_wide = who.rest.get(&api.assumed.org_wide).and_then(Value::as_bool).unwrap_or_default();
    let enterprise = who.enterprise_id.filter(|id| org_wide && is_id(id, "E"));
    // Two workspaces of one organisation are two connections, and neither is that of the workspace alone.
    let id = match &enterprise {
        Some(enterprise) => format!("{enterprise}/{}", who.team_id),
        None => who.team_id.clone(),
    };
    let name = who.team.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| who.team_id.clone());
    let mut identity = Identity::of(&id, name.as_str()).accounts(vec![Account::of(&id, name)]);
    if enterprise.is_some() {
        identity = identity.fact("org_wide_team", &who.team_id);
    }
    if let Some(url) = who.url.filter(|url| url.starts_with("https://") && url.ends_with('/') && url.len() <= 200) {
        identity = identity.fact("workspace", url);
    }
    if let Some(user) = who.user {
        identity = identity.login(user);
    }
    Ok(match answer.header("x-oauth-scopes") {
        Some(granted) => {
            let granted = granted.split(',').map(|scope| scope.trim().to_owned());
            identity.scopes(granted.filter(|scope| !scope.is_empty()).collect())
        }
        None => identity,
    })
}
