//! The key that signs access tokens. It lives in KMS and never leaves it: this process only knows its public half.

use aws_sdk_kms::{
    Client,
    primitives::Blob,
    types::{MessageType, SigningAlgorithmSpec},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contracts::auth::Claims;
use jsonwebtoken::{
    Algorithm, DecodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use sha2::{Digest, Sha256};

/// A token could not be signed, or the key could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SigningFailed {
    /// KMS did not do it.
    #[error("KMS did not answer {operation}")]
    Kms {
        /// What it was asked.
        operation: &'static str,
        /// Why it did not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer lacks what it is asked for.
    #[error("KMS answered {operation} without a result")]
    Empty {
        /// What it was asked.
        operation: &'static str,
    },
    /// The key is not one for RS256.
    #[error("the signing key is not an RSA key")]
    NotRsa(#[source] jsonwebtoken::errors::Error),
}

/// A signing key in KMS, with its public half as clients get it.
#[derive(Debug, Clone)]
pub struct SigningKey {
    kms: Client,
    kms_key_id: String,
    kid: String,
    public: Jwk,
}

impl SigningKey {
    /// Reads the public half of a key. It is also the call that opens the connection to KMS, before a request waits for it.
    pub async fn load(kms: Client, kms_key_id: &str) -> Result<Self, SigningFailed> {
        let operation = "GetPublicKey";
        let answer = kms.get_public_key().key_id(kms_key_id).send().await;
        let answer = answer.map_err(|error| SigningFailed::Kms { operation, source: error.into() })?;
        let der = answer.public_key.ok_or(SigningFailed::Empty { operation })?;
        let (kid, public) = public_jwk(der.as_ref()).map_err(SigningFailed::NotRsa)?;
        Ok(Self { kms, kms_key_id: kms_key_id.to_owned(), kid, public })
    }

    /// The JWKS document: what verifiers of tokens need.
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    /// The compact form of a token with these claims.
    pub async fn sign(&self, claims: &Claims) -> Result<String, SigningFailed> {
        let operation = "Sign";
        let unsigned = format!("{}.{}", encode_json(&self.header()), encode_json(claims));
        let answer = self
            .kms
            .sign()
            .key_id(&self.kms_key_id)
            .signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256)
            // The digest instead of the text, since KMS takes no text above 4,096 bytes.
            .message_type(MessageType::Digest)
            .message(Blob::new(Sha256::digest(unsigned.as_bytes()).to_vec()))
            .send()
            .await
            .map_err(|error| SigningFailed::Kms { operation, source: error.into() })?;
        let signature = answer.signature.ok_or(SigningFailed::Empty { operation })?;
        Ok(format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.kid.clone());
        header
    }
}

/// The JWK of a key in DER form (SubjectPublicKeyInfo, as KMS gives it). Its id is its RFC 7638 thumbprint, so that a
/// new key has a new id by itself, and nothing about KMS is told to the world.
fn public_jwk(der: &[u8]) -> Result<(String, Jwk), jsonwebtoken::errors::Error> {
    let mut jwk = Jwk::from_decoding_key(&DecodingKey::from_rsa_der(der), Some(Algorithm::RS256))?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
    jwk.common.key_id = Some(kid.clone());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok((kid, jwk))
}

fn encode_json(value: &impl serde::Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).expect("headers and claims are made of texts and numbers"))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    // `openssl rsa -pubout -outform DER`, and what `openssl rsa -modulus` and `openssl dgst` say of the same key.
    const DER: &str = "\
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA6wWuWL/5zUT8mDUmCaB0n9MgWXQ4LCrE1k5JPwXejmye/VsuQBh49I8a\
        GhW7+9wBFbux2DJbh2jxI6vphE/7kMHLG9Xl7DFcX1cs9qNSgxEc6+i2UTVopm1XbdLAja6Kdd4rTGQrzNAGsBBIyz/I/6JC8tME\
        KnfC1BTUp7RS5ATHFxxidleihB+bsKrZSyFDAMcYjOW0Rm0pjlsxiTCmwMxEfDdTFRQtNW6utELh6t91/dxZjfLPLXojfLMkJJXY\
        /yXF3iOPDas2sbaPatn+IVQsMA/Llp3B2psFDd9g3rdpV8x0gsbbgxPe11YwhY95suLd42mRvtxF8Kl2EXJd/QIDAQAB";
    const MODULUS: &str = "\
        6wWuWL_5zUT8mDUmCaB0n9MgWXQ4LCrE1k5JPwXejmye_VsuQBh49I8aGhW7-9wBFbux2DJbh2jxI6vphE_7kMHLG9Xl7DFcX1cs\
        9qNSgxEc6-i2UTVopm1XbdLAja6Kdd4rTGQrzNAGsBBIyz_I_6JC8tMEKnfC1BTUp7RS5ATHFxxidleihB-bsKrZSyFDAMcYjOW0\
        Rm0pjlsxiTCmwMxEfDdTFRQtNW6utELh6t91_dxZjfLPLXojfLMkJJXY_yXF3iOPDas2sbaPatn-IVQsMA_Llp3B2psFDd9g3rdp\
        V8x0gsbbgxPe11YwhY95suLd42mRvtxF8Kl2EXJd_Q";
    const THUMBPRINT: &str = "s6-__xNlp-Zbr8AI6SB5ML-a_V5GSVq8IMRPwHG3bBY";

    #[test]
    fn the_public_half_is_published_as_rfc_7517_and_7638_ask() {
        let (kid, jwk) = public_jwk(&STANDARD.decode(DER).unwrap()).unwrap();
        let expected = serde_json::json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": THUMBPRINT, "n": MODULUS, "e": "AQAB",
        });
        assert_eq!(serde_json::to_value(&jwk).unwrap(), expected);
        assert_eq!(kid, THUMBPRINT);
    }

    #[test]
    fn what_is_no_rsa_key_is_refused() {
        // An Ed25519 key (RFC 8410, section 10.1), and a cut-off RSA key.
        let ed25519 = STANDARD.decode("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").unwrap();
        assert!(public_jwk(&ed25519).is_err());
        assert!(public_jwk(&STANDARD.decode(DER).unwrap()[..200]).is_err());
        assert!(public_jwk(&[]).is_err());
    }
}
