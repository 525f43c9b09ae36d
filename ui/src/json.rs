// SPDX-License-Identifier: LGPL-2.1-or-later

//! JSON into our types and out of them, with little code.
//!
//! serde_json compiles its parser once more into every type that it reads, which made a fifth of
//! the page's weight. Here it parses into one plain tree, and the types are read from the tree.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use images_proto::{Failure, Message, Progress};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::{Deserialize, Serialize};

/// Reads a value.
///
/// # Errors
/// When the text is no JSON, or no such value.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    T::deserialize(tree(text)?).map_err(Error::from)
}

/// Reads the content of messages into some type, which whoever uses it need not know: what handles
/// messages is compiled once then, and not for each type.
#[derive(Clone, Copy)]
pub struct Reader(fn(Json) -> Result<Rc<dyn Any>, Misfit>);

impl Reader {
    /// The reader of a type.
    pub fn of<A: DeserializeOwned + 'static>() -> Self {
        Self(|tree| Ok(Rc::new(A::deserialize(tree)?)))
    }
}

/// Reads a message of the bridge.
///
/// # Errors
/// As [`read`].
pub fn message(text: &str, reader: Reader) -> Result<Message<Rc<dyn Any>>, Error> {
    Ok(match envelope(text)? {
        Message::Progress(progress) => Message::Progress(progress),
        Message::View(tree) => Message::View((reader.0)(tree)?),
        Message::Result(tree) => Message::Result((reader.0)(tree)?),
        Message::Failed(failure) => Message::Failed(failure),
    })
}

fn envelope(text: &str) -> Result<Message<Json>, Error> {
    let Json::Object(fields) = tree(text)? else { return Err(Misfit::Type.into()) };
    let mut fields = fields.into_iter();
    let (Some((name, content)), None) = (fields.next(), fields.next()) else {
        return Err(Misfit::Type.into());
    };
    Ok(match name.as_str() {
        "progress" => Message::Progress(Progress::deserialize(content)?),
        "view" => Message::View(content),
        "result" => Message::Result(content),
        "failed" => Message::Failed(Failure::deserialize(content)?),
        _ => return Err(Misfit::Unknown.into()),
    })
}

#[inline(never)]
fn tree(text: &str) -> Result<Json, Error> {
    serde_json::from_str(text).map_err(|error| Error(error.to_string()))
}

/// Writes one of our own plain structs, which has no way to fail.
pub fn write<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Why a text is not the value that was expected.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<Misfit> for Error {
    #[inline(never)]
    fn from(misfit: Misfit) -> Self {
        Self(misfit.to_string())
    }
}

/// The same within the tree. It says little and takes one byte: serde's own words drag the formatting
/// of floats in, and whatever an error holds is handed on in the code of every field.
#[derive(Clone, Copy, Debug)]
enum Misfit {
    Type,
    Value,
    Missing,
    Unknown,
    Twice,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type => "a value of another type was expected",
            Self::Value => "another value was expected",
            Self::Missing => "a field is missing, or a list is too short",
            Self::Unknown => "there is an unknown field or variant",
            Self::Twice => "a field is there twice",
        })
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self::Value
    }

    fn invalid_type(_found: Unexpected<'_>, _expected: &dyn de::Expected) -> Self {
        Self::Type
    }

    fn invalid_value(_found: Unexpected<'_>, _expected: &dyn de::Expected) -> Self {
        Self::Value
    }

    fn invalid_length(_length: usize, _expected: &dyn de::Expected) -> Self {
        Self::Missing
    }

    fn unknown_variant(_variant: &str, _expected: &'static [&'static str]) -> Self {
        Self::Unknown
    }

    fn unknown_field(_field: &str, _expected: &'static [&'static str]) -> Self {
        Self::Unknown
    }

    fn missing_field(_field: &'static str) -> Self {
        Self::Missing
    }

    fn duplicate_field(_field: &'static str) -> Self {
        Self::Twice
    }
}

/// Any JSON. No message has fractions, so these become [`Json::Null`].
enum Json {
    Null,
    Bool(bool),
    Positive(u64),
    Negative(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

/// Builds the tree.
struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Positive(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Negative(value))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(field) = fields.next_entry()? {
            object.push(field);
        }
        Ok(Json::Object(object))
    }
}

impl<'de> Deserializer<'de> for Json {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Positive(value) => visitor.visit_u64(value),
            Self::Negative(value) => visitor.visit_i64(value),
            Self::Text(text) => visitor.visit_string(text),
            Self::List(items) => visitor.visit_seq(Items(items.into_iter())),
            Self::Object(fields) => {
                visitor.visit_map(Fields { rest: fields.into_iter(), value: Self::Null })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Bool(value) => visitor.visit_bool(value),
            _ => Err(Misfit::Type),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Positive(value) => visitor.visit_u64(value),
            _ => Err(Misfit::Type),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Positive(value) => visitor.visit_u64(value),
            Self::Negative(value) => visitor.visit_i64(value),
            _ => Err(Misfit::Type),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Text(text) => visitor.visit_string(text),
            _ => Err(Misfit::Type),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::List(items) => visitor.visit_seq(Items(items.into_iter())),
            _ => Err(Misfit::Type),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Object(fields) => {
                visitor.visit_map(Fields { rest: fields.into_iter(), value: Self::Null })
            }
            _ => Err(Misfit::Type),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_seq(Members::of(self, fields)?)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    /// `"variant"`, or an object of one field: the variant and its content.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self {
            Self::Text(name) => visitor.visit_enum(Variant { name, content: Self::Null }),
            Self::Object(fields) => {
                let mut fields = fields.into_iter();
                match (fields.next(), fields.next()) {
                    (Some((name, content)), None) => visitor.visit_enum(Variant { name, content }),
                    _ => Err(Misfit::Type),
                }
            }
            _ => Err(Misfit::Type),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        f32 f64 char bytes byte_buf unit unit_struct tuple_struct
    }
}

struct Items(std::vec::IntoIter<Json>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        self.0.next().map(|item| seed.deserialize(item)).transpose()
    }
}

/// The fields of a struct, in the order of its type. Read so, a type needs no code that compares
/// names: half of what it takes to read it.
struct Members {
    object: Vec<(String, Json)>,
    names: std::slice::Iter<'static, &'static str>,
}

impl Members {
    fn of(object: Json, names: &'static [&'static str]) -> Result<Self, Misfit> {
        match object {
            Json::Object(object) => Ok(Self { object, names: names.iter() }),
            _ => Err(Misfit::Type),
        }
    }

    /// The next field; `None` when it is absent.
    #[inline(never)]
    fn take(&mut self) -> Option<Json> {
        let name = self.names.next()?;
        let at = self.object.iter().position(|(there, _)| there == name)?;
        Some(self.object.swap_remove(at).1)
    }
}

impl<'de> SeqAccess<'de> for Members {
    type Error = Misfit;

    /// An absent field has its default, or is a misfit where it has none.
    #[inline(never)]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        self.take().map(|value| seed.deserialize(value)).transpose()
    }
}

struct Fields {
    rest: std::vec::IntoIter<(String, Json)>,
    value: Json,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(Json::Text(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        seed.deserialize(std::mem::replace(&mut self.value, Json::Null))
    }
}

struct Variant {
    name: String,
    content: Json,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Misfit;
    type Variant = Json;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Json), Misfit> {
        Ok((seed.deserialize(Json::Text(self.name))?, self.content))
    }
}

impl<'de> VariantAccess<'de> for Json {
    type Error = Misfit;

    /// A variant of a newer bridge may have a content that we do not know.
    fn unit_variant(self) -> Result<(), Misfit> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misfit> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_seq(Members::of(self, fields)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use images_proto::route::{Ability, Choice, Kind, Outcome, Reached, Rung, View};
    use images_proto::{Code, Failure, Offer, status};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Every shape that a message may have.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Shapes {
        text: String,
        whole: u64,
        small: u8,
        signed: i64,
        yes: bool,
        absent: Option<String>,
        there: Option<Box<Shapes>>,
        list: Vec<i32>,
        pair: (u16, String),
        map: BTreeMap<String, u32>,
        variants: Vec<Shape>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Shape {
        Unit,
        New(String),
        Tuple(u8, bool),
        Struct {
            size: u64,
        },
        #[serde(other)]
        Other,
    }

    fn shapes(text: String, signed: i64, there: Option<Box<Shapes>>) -> Shapes {
        Shapes {
            text: text.clone(),
            whole: u64::MAX,
            small: 255,
            signed,
            yes: true,
            absent: None,
            there,
            list: vec![-1, 0, 1],
            pair: (7, text.clone()),
            map: BTreeMap::from([(text.clone(), 1), ("b".to_owned(), 2)]),
            variants: vec![
                Shape::Unit,
                Shape::New(text),
                Shape::Tuple(1, false),
                Shape::Struct { size: 9 },
            ],
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(text in ".{0,20}", signed: i64) {
            let value = shapes(text.clone(), signed, Some(Box::new(shapes(text, 0, None))));
            let written = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(read::<Shapes>(&written).unwrap(), value);
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = read::<Shapes>(&text);
            let _ = message(&text, Reader::of::<View>());
        }
    }

    #[test]
    fn messages_are_read() {
        let failure = Failure::new(Code::RegistryUnreachable, "no").offering(Offer::Routes);
        let view = View {
            rungs: vec![Rung { kind: Kind::Proxy, route: None, outcome: Outcome::Failed(failure) }],
            choice: Some(Choice::Service { namespace: "a".into(), name: "b".into(), port: 5000 }),
            reached: Some(Reached {
                product: None,
                image: None,
                lists: Ability::Yes,
                writes: Ability::No("read-only".to_owned()),
                deletes: Ability::Unclear("?".to_owned()),
                referrers: Ability::Yes,
            }),
            ..View::default()
        };
        let written = serde_json::to_string(&Message::View(view.clone())).unwrap();
        let Message::View(read) = message(&written, Reader::of::<View>()).unwrap() else {
            panic!()
        };
        assert_eq!(read.downcast_ref(), Some(&view));
    }

    #[test]
    fn what_a_newer_bridge_adds_is_skipped() {
        let read = |value: serde_json::Value| read::<status::Phase>(&value.to_string());
        assert_eq!(read(json!("ready")).unwrap(), status::Phase::Ready);
        assert!(read(json!("sleeping")).is_err());
        let failure = json!({"code": "melted", "message": "m", "retryable": false, "x": [1.5, {}],
            "offers": ["pray", "login", {"dance": {"steps": 3}}]});
        let status::Phase::Failed(failure) = read(json!({"failed": failure})).unwrap() else {
            panic!()
        };
        assert_eq!(failure.code, Code::Unknown);
        assert_eq!(failure.offers, [Offer::Unknown, Offer::Login, Offer::Unknown]);
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| read::<status::Context>(text).unwrap_err().to_string();
        assert_eq!(error("{}"), "a field is missing, or a list is too short");
        assert_eq!(error(r#"{"name":1}"#), "a value of another type was expected");
        assert!(error("{\"name\"").contains("column"));
        assert!(read::<u8>("256").is_err() && read::<u64>("-1").is_err());
    }

    #[test]
    fn deep_nests_do_not_overflow() {
        assert!(read::<IgnoredTree>(&"[".repeat(100_000)).is_err());
    }

    #[derive(Debug, Deserialize)]
    struct IgnoredTree {}
}
