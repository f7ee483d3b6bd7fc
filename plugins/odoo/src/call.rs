//! One call of a model's method, as the two families write it.
//!
//! JSON-2 takes everything by name. JSON-RPC takes the records' ids and what older versions name otherwise by place, and the
//! rest by name; database, user and password stand in every call. The password is the gate's: it is null here.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Where the records' ids, the arguments by place and those by name stand in a JSON-RPC call.
const PLACES: &str = "/params/args/5";

#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) model: &'a str,
    pub(crate) method: &'a str,
    ids: Option<Vec<u64>>,
    /// Named in JSON-2, by place in JSON-RPC, in this order.
    places: Vec<(&'static str, Value)>,
    named: Map<String, Value>,
}

impl<'a> Call<'a> {
    /// A call of a method of the model itself.
    pub(crate) fn of(model: &'a str, method: &'a str) -> Self {
        Self { model, method, ids: None, places: Vec::new(), named: Map::new() }
    }

    /// On this record.
    pub(crate) fn on(self, id: u64) -> Self {
        Self { ids: Some(vec![id]), ..self }
    }

    /// An argument that older versions name otherwise.
    pub(crate) fn place(mut self, name: &'static str, value: Value) -> Self {
        self.places.push((name, value));
        self
    }

    pub(crate) fn named(mut self, name: &str, value: impl Serialize) -> Self {
        self.named.insert(name.to_owned(), json!(value));
        self
    }

    pub(crate) fn maybe(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.named(name, value),
            None => self,
        }
    }

    /// The body for JSON-2.
    pub(crate) fn json2(&self) -> Value {
        let mut body = self.named.clone();
        if let Some(ids) = &self.ids {
            body.insert("ids".to_owned(), json!(ids));
        }
        body.extend(self.places.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(body)
    }

    /// The body for JSON-RPC.
    pub(crate) fn rpc(&self, database: &str, uid: u64) -> Value {
        let ids = self.ids.iter().map(|ids| json!(ids));
        let places: Vec<Value> = ids.chain(self.places.iter().map(|(_, value)| value.clone())).collect();
        execute(&json!([database, uid, null, self.model, self.method, places, self.named]))
    }

    /// Where a value of the first argument by place stands, e.g. `/0/datas` of `vals_list`.
    pub(crate) fn pointer(&self, rpc: bool, rest: &str) -> String {
        match (rpc, self.places.first()) {
            (true, _) => format!("{PLACES}/{}{rest}", usize::from(self.ids.is_some())),
            (false, Some((name, _))) => format!("/{name}{rest}"),
            (false, None) => rest.to_owned(),
        }
    }
}

/// A JSON-RPC call of the service that knows versions and logins.
pub(crate) fn common(method: &str, args: &Value) -> Value {
    envelope("common", method, args)
}

fn execute(args: &Value) -> Value {
    envelope("object", "execute_kw", args)
}

fn envelope(service: &str, method: &str, args: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": "call", "id": 1,
            "params": { "service": service, "method": method, "args": args } })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Call;

    #[test]
    fn ids_and_old_names_go_by_place_in_one_family_and_by_name_in_the_other() {
        let call =
            Call::of("res.partner", "write").on(7).place("vals", json!({ "name": null })).named("context", json!({}));
        assert_eq!(call.json2(), json!({ "ids": [7], "vals": { "name": null }, "context": {} }));
        let rpc = call.rpc("acme", 6);
        assert_eq!(
            rpc["params"]["args"],
            json!(["acme", 6, null, "res.partner", "write", [[7], { "name": null }], { "context": {} }])
        );
        for (body, rpc) in [(call.json2(), false), (rpc, true)] {
            assert!(body.pointer(&call.pointer(rpc, "/name")).is_some_and(serde_json::Value::is_null));
        }
    }
}
