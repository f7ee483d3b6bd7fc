//! Which streams a database has: those of the manifest whose apps are installed, and the models that were made in it.

use patchbay_sdk::{Case, Context, Error, Result, StreamInfo, log, run};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    models::{self, Field, Fields, STREAMS, Source},
    wire::Api,
};

/// Discovered models, at most; each takes a request.
const MOST: usize = 100;
const ATTRIBUTES: [&str; 3] = ["type", "string", "selection"];

#[derive(Deserialize)]
struct Model {
    model: String,
    name: Value,
}

pub(crate) fn discover(ctx: &Context) -> Result<Vec<StreamInfo>> {
    let api = Api::of(ctx)?;
    let mut streams = Vec::new();
    for stream in &STREAMS {
        if let Some(fields) = there(stream.source().fields(&api, &ATTRIBUTES))? {
            streams.push(info(stream.name.to_owned(), stream.title.to_owned(), &fields, stream.per_account));
        }
    }
    let domain = json!([
        "|",
        ["model", "=like", format!("{}%", api.assumed.custom_prefix)],
        ["model", "in", api.assumed.more_models]
    ]);
    let found: Option<Vec<Model>> = there(api.search("ir.model", domain, &["model", "name"], "model asc", MOST))?;
    let Some(models) = found else {
        log::info("the person who connected may not see which models there are", &[]);
        return Ok(streams);
    };
    for Model { model, name } in models.into_iter().filter(|found| wanted(&api, &found.model)) {
        if run::should_stop() {
            // A list that ends here would say that the others are gone.
            return Err(Error::transient("There was no time to look at all models."));
        }
        let Some(fields) = there(Source::of_model(&model).fields(&api, &ATTRIBUTES))? else { continue };
        let title = name.as_str().unwrap_or(&model).to_owned();
        let per_account = fields.contains_key("company_id");
        if fields.contains_key("write_date") {
            streams.push(info(format!("{}{model}", models::DISCOVERED), title, &fields, per_account));
        }
    }
    Ok(streams)
}

/// None for what is not installed, or closed to the person.
fn there<T>(asked: Result<T>) -> Result<Option<T>> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.case(), Case::NotFound | Case::PermissionDenied) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `_` stands for any letter in a pattern of the database, so the prefix is looked at again.
fn wanted(api: &Api, model: &str) -> bool {
    let named = api.assumed.more_models.iter().any(|more| more == model);
    let custom = model.starts_with(&api.assumed.custom_prefix);
    models::is_model(model) && (named || custom) && !STREAMS.iter().any(|stream| stream.model == model)
}

fn info(name: String, title: String, fields: &Fields, per_account: bool) -> StreamInfo {
    let schema = schema(fields).to_string().into_bytes();
    StreamInfo { name, title, key: vec!["/id".to_owned()], schema, per_account }
}

/// The JSON Schema of a record, with null for what is empty.
fn schema(fields: &Fields) -> Value {
    let mut properties: Map<String, Value> = fields.iter().map(|(name, field)| (name.clone(), of(field))).collect();
    properties.insert("id".to_owned(), json!({ "type": "integer" }));
    json!({ "type": "object", "properties": properties, "required": ["id"] })
}

fn of(field: &Field) -> Value {
    let mut schema = match field.kind.as_str() {
        "boolean" => json!({ "type": "boolean" }),
        "integer" | "many2one_reference" => json!({ "type": ["integer", "null"] }),
        "float" | "monetary" => json!({ "type": ["number", "null"] }),
        "date" => json!({ "type": ["string", "null"], "description": "A day: 2026-03-10" }),
        "datetime" => json!({ "type": ["string", "null"], "description": "In UTC: 2026-03-10 14:02:31" }),
        "many2one" => json!({ "type": ["array", "null"], "description": "Id and name" }),
        "many2many" | "one2many" => json!({ "type": "array", "items": { "type": "integer" } }),
        "char" | "text" | "html" | "selection" | "reference" => json!({ "type": ["string", "null"] }),
        _ => json!({}),
    };
    if let Some(members) = schema.as_object_mut() {
        if !field.string.is_empty() {
            members.insert("title".to_owned(), json!(field.string));
        }
        let values = field.selection.as_ref().and_then(Value::as_array);
        if let Some(values) = values {
            let known = values.iter().filter_map(|pair| pair.get(0)).cloned().chain([Value::Null]);
            members.insert("examples".to_owned(), known.filter(Value::is_string).collect());
        }
    }
    schema
}
