//! Modules and their fields. Each list has to name the fields that it wants, at most fifty: those of the modules that
//! everybody has stand in the configuration; those of custom modules, and own fields where the settings ask for them, are
//! looked up.

use patchbay_sdk::{Case, Context, Result, StreamInfo, log};
use serde::Deserialize;

use crate::wire::Api;

/// What the names of discovered streams begin with; the module's own name follows.
pub(crate) const CUSTOM: &str = "module_";

/// Streams of the manifest and their modules.
const MODULES: [(&str, &str); 7] = [
    ("events", "Events"),
    ("contacts", "Contacts"),
    ("accounts", "Accounts"),
    ("leads", "Leads"),
    ("deals", "Deals"),
    ("tasks", "Tasks"),
    ("notes", "Notes"),
];

/// Fields that no list can give: they hold lists or files of their own.
const NOT_LISTED: [&str; 6] =
    ["subform", "fileupload", "imageupload", "multiselectlookup", "multiuserlookup", "consent_lookup"];
/// What every module has, and what comes first where there are too many fields.
const FIRST: [&str; 4] = ["Name", "Owner", "Created_Time", "Modified_Time"];

#[derive(Deserialize)]
struct Modules {
    modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Module {
    api_name: String,
    plural_label: Option<String>,
    generated_type: Option<String>,
    #[serde(default)]
    api_supported: bool,
    viewable: Option<bool>,
}

#[derive(Deserialize)]
struct Fields {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    api_name: String,
    data_type: Option<String>,
    #[serde(default)]
    custom_field: bool,
}

/// The module of a stream; none for a stream that is not there.
pub(crate) fn of_stream(stream: &str) -> Option<&str> {
    if let Some(custom) = stream.strip_prefix(CUSTOM) {
        return Some(custom).filter(|name| is_name(name));
    }
    MODULES.iter().find(|(known, _)| *known == stream).map(|(_, module)| *module)
}

/// The streams of this connection: those of the manifest whose modules are shown, and the organisation's own modules.
pub(crate) fn discover(ctx: &Context) -> Result<Vec<StreamInfo>> {
    let api = Api::of(ctx)?;
    let path: Vec<&str> = api.assumed.modules_path.split('/').collect();
    let answer = api.ok(api.get(&path)?.send()?)?;
    let modules: Modules = answer.json()?;
    let mut streams = Vec::new();
    for module in modules.modules {
        if !module.api_supported || module.viewable == Some(false) {
            continue;
        }
        let title = module.plural_label.unwrap_or_else(|| module.api_name.clone());
        let name = match MODULES.iter().find(|(_, known)| *known == module.api_name) {
            Some((stream, _)) => (*stream).to_owned(),
            None if module.generated_type.as_deref() == Some("custom") && is_name(&module.api_name) => {
                format!("{CUSTOM}{}", module.api_name)
            }
            None => continue,
        };
        streams.push(StreamInfo { name, title, key: vec!["/id".to_owned()], ..StreamInfo::default() });
    }
    Ok(streams)
}

/// The fields to ask for in a stream.
pub(crate) fn fields(ctx: &Context, api: &Api, stream: &str, module: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Settings {
        #[serde(default)]
        own_fields: bool,
    }
    let limit = api.assumed.fields_limit;
    let Some(known) = api.assumed.fields.get(stream) else {
        let all = described(api, module)?;
        let mut names: Vec<String> = all.into_iter().map(|field| field.api_name).collect();
        names.sort_by_key(|name| !FIRST.contains(&name.as_str()));
        return Ok(cut(names, limit, module));
    };
    let mut names = known.clone();
    // Notes have no fields of anybody's own.
    if stream != "notes" && ctx.settings::<Settings>()?.own_fields {
        match described(api, module) {
            Ok(all) => {
                let own = all.into_iter().filter(|field| field.custom_field).map(|field| field.api_name);
                names.extend(own.filter(|name| !known.contains(name)));
            }
            Err(error) if error.case() == Case::PermissionDenied => {
                log::warn("own fields cannot be listed and are left out", &[("module", &module)]);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(cut(names, limit, module))
}

fn described(api: &Api, module: &str) -> Result<Vec<Field>> {
    let answer = api.ok(api.get(&["settings", "fields"])?.query("module", module).send()?)?;
    let mut fields = answer.json::<Fields>()?.fields;
    let listed = |field: &Field| {
        field.api_name != "id"
            && is_name(&field.api_name)
            && !field.data_type.as_deref().is_some_and(|kind| NOT_LISTED.contains(&kind))
    };
    fields.retain(listed);
    Ok(fields)
}

fn cut(mut names: Vec<String>, limit: usize, module: &str) -> Vec<String> {
    if names.len() > limit {
        let left_out = names.len() - limit;
        log::info(
            "more fields than Zoho gives at once: the last ones are left out",
            &[("module", &module), ("left_out", &left_out)],
        );
        names.truncate(limit);
    }
    names
}

/// An API name: it stands in addresses, and in the names of streams.
fn is_name(name: &str) -> bool {
    (1..=80).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
