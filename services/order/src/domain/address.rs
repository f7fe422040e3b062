//! Shipping addresses.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, schema::Schema, schema::Type},
};

/// A postal address. Only the form of its parts is checked, not whether the address exists.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShippingAddress {
    /// Name of the recipient.
    pub name: Text<100>,
    /// Street and number.
    pub line1: Text<200>,
    /// Floor, company, care of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<Text<200>>,
    /// Postal code, in the format of its country.
    pub postal_code: Text<20>,
    /// City or town.
    pub city: Text<100>,
    /// Country of the address.
    pub country: Country,
}

impl fmt::Debug for ShippingAddress {
    /// Omits the content: personal data is not logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShippingAddress(..)")
    }
}

/// Trimmed line of text: not blank, no control characters, at most `MAX` characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let trimmed = text.trim();
        let length = trimmed.chars().count();
        if length == 0 || length > MAX || trimmed.chars().any(char::is_control) {
            return Err(format!("must be one line of 1 to {MAX} characters"));
        }
        Ok(Self(trimmed.to_owned()))
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> PartialSchema for Text<MAX> {
    /// Stricter than [`Text::try_from`], which trims first.
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX))
            .pattern(Some(r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"))
            .into()
    }
}

impl<const MAX: usize> ToSchema for Text<MAX> {
    fn name() -> Cow<'static, str> {
        format!("Text{MAX}").into()
    }
}

/// Country by its ISO 3166-1 alpha-2 code.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

impl TryFrom<String> for Country {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match *text.as_bytes() {
            [a, b] if COUNTRIES.split_ascii_whitespace().any(|code| code == text) => Ok(Self([a, b])),
            _ => Err("must be an ISO 3166-1 alpha-2 country code in capitals, such as DE"),
        }
    }
}

impl From<Country> for String {
    fn from(Country(code): Country) -> Self {
        code.into_iter().map(char::from).collect()
    }
}

impl PartialSchema for Country {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("ISO 3166-1 alpha-2 code of a country"))
            .enum_values(Some(COUNTRIES.split_ascii_whitespace()))
            .into()
    }
}

impl ToSchema for Country {}

/// The officially assigned codes of ISO 3166-1.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO \
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW \
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Result<Country, &'static str> {
        Country::try_from(code.to_owned())
    }

    #[test]
    fn only_assigned_upper_case_codes_are_countries() {
        assert_eq!(String::from(country("DE").unwrap()), "DE");
        for wrong in ["de", "DEU", "XX", "UK", "D", "", "A ", "É"] {
            assert!(country(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn all_249_codes_are_listed_once() {
        let mut codes: Vec<_> = COUNTRIES.split_ascii_whitespace().collect();
        codes.dedup();
        assert_eq!(codes.len(), 249);
        assert!(codes.is_sorted());
    }

    #[test]
    fn a_text_is_trimmed_and_neither_blank_nor_too_long_nor_multiline() {
        let text = |text: &str| Text::<5>::try_from(text.to_owned()).map(String::from);
        assert_eq!(text(" Ulm "), Ok("Ulm".to_owned()));
        assert_eq!(text("Älüöß"), Ok("Älüöß".to_owned()));
        for wrong in ["", "   ", "123456", "a\nb"] {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
    }
}
