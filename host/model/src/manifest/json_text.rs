//! How a schema stands in a manifest.

/// JSON that people write as a text in TOML, and that is a value in the packed JSON.
pub(super) mod required {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use serde_json::Value;

    pub(in crate::manifest) fn serialize<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
        value.serialize(to)
    }

    pub(in crate::manifest) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => {
                serde_json::from_str(&text).map_err(|error| D::Error::custom(format!("this is not JSON: {error}")))
            }
            value => Ok(value),
        }
    }
}

/// The same, where it may be left out.
pub(super) mod optional {
    use serde::{Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub(in crate::manifest) fn serialize<S: Serializer>(value: &Option<Value>, to: S) -> Result<S::Ok, S::Error> {
        value.serialize(to)
    }

    pub(in crate::manifest) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
        super::required::deserialize(from).map(Some)
    }
}
