//! Where an order goes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A postal address. Its parts are only checked for their form: whether it exists is for the carrier to say.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[derive(utoipa::ToSchema)]
pub struct ShippingAddress {
    /// Who receives it.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    pub name: Text<100>,
    /// Street and number.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub line1: Text<200>,
    /// Floor, company, care of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub line2: Option<Text<200>>,
    /// As it is written in its country.
    #[schema(value_type = String, min_length = 1, max_length = 20)]
    pub postal_code: Text<20>,
    /// The town.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    pub city: Text<100>,
    /// ISO 3166-1 alpha-2 code.
    #[schema(value_type = String, pattern = "^[A-Z]{2}$", examples("DE"))]
    pub country: Country,
}

impl fmt::Debug for ShippingAddress {
    /// Personal data stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShippingAddress(..)")
    }
}

/// A line of text that a person wrote: not blank, no control characters, at most `MAX` characters, trimmed.
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

/// A country by its ISO 3166-1 alpha-2 code.
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
    fn only_assigned_codes_in_capitals_are_countries() {
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
    fn a_text_is_trimmed_and_neither_blank_nor_long_nor_of_two_lines() {
        let text = |text: &str| Text::<5>::try_from(text.to_owned()).map(String::from);
        assert_eq!(text(" Ulm "), Ok("Ulm".to_owned()));
        assert_eq!(text("Älüöß"), Ok("Älüöß".to_owned()));
        for wrong in ["", "   ", "123456", "a\nb"] {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
    }
}
