//! The key that signs access tokens. The private key never leaves KMS; this process has only the public key.

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

/// Failure to sign a token or to read the key.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// A call to KMS failed.
    #[error("KMS call {operation} failed")]
    Kms {
        /// Name of the operation.
        operation: &'static str,
        /// Cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The response of KMS has no result.
    #[error("KMS returned no result for {operation}")]
    Empty {
        /// Name of the operation.
        operation: &'static str,
    },
    /// The key is not an RSA key.
    #[error("the signing key is not an RSA key")]
    NotRsa(#[source] jsonwebtoken::errors::Error),
}

/// A signing key in KMS, with its public key.
#[derive(Debug, Clone)]
pub struct SigningKey {
    kms: Client,
    kms_key_id: String,
    kid: String,
    public: Jwk,
}

impl SigningKey {
    /// Reads the public key. The call also opens the connection to KMS, so that no request has to wait for it.
    pub async fn load(kms: Client, kms_key_id: &str) -> Result<Self, SigningError> {
        let operation = "GetPublicKey";
        let response = kms.get_public_key().key_id(kms_key_id).send().await;
        let response = response.map_err(|error| SigningError::Kms { operation, source: error.into() })?;
        let der = response.public_key.ok_or(SigningError::Empty { operation })?;
        let (kid, public) = public_jwk(der.as_ref()).map_err(SigningError::NotRsa)?;
        Ok(Self { kms, kms_key_id: kms_key_id.to_owned(), kid, public })
    }

    /// Returns the JWKS document with the public key.
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    /// Signs the claims and returns the token in compact form.
    pub async fn sign(&self, claims: &Claims) -> Result<String, SigningError> {
        let operation = "Sign";
        let unsigned = format!("{}.{}", encode_json(&self.header()), encode_json(claims));
        let response = self
            .kms
            .sign()
            .key_id(&self.kms_key_id)
            .signing_algorithm(SigningAlgorithmSpec::RsassaPkcs1V15Sha256)
            // The digest instead of the text: KMS limits texts to 4,096 bytes.
            .message_type(MessageType::Digest)
            .message(Blob::new(Sha256::digest(unsigned.as_bytes()).to_vec()))
            .send()
            .await
            .map_err(|error| SigningError::Kms { operation, source: error.into() })?;
        let signature = response.signature.ok_or(SigningError::Empty { operation })?;
        Ok(format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.kid.clone());
        header
    }
}

/// Converts a public key from DER (SubjectPublicKeyInfo, as returned by KMS) to a JWK. Its id is the RFC 7638
/// thumbprint: a new key has a new id, and the id discloses nothing about KMS.
fn public_jwk(der: &[u8]) -> Result<(String, Jwk), jsonwebtoken::errors::Error> {
    let mut jwk = Jwk::from_decoding_key(&DecodingKey::from_rsa_der(der), Some(Algorithm::RS256))?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
    jwk.common.key_id = Some(kid.clone());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok((kid, jwk))
}

fn encode_json(value: &impl serde::Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).expect("headers and claims consist of strings and numbers"))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    // Output of `openssl rsa -pubout -outform DER`, `openssl rsa -modulus` and `openssl dgst` for one key.
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
    fn the_public_key_has_the_form_of_rfc_7517_and_7638() {
        let (kid, jwk) = public_jwk(&STANDARD.decode(DER).unwrap()).unwrap();
        let expected = serde_json::json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": THUMBPRINT, "n": MODULUS, "e": "AQAB",
        });
        assert_eq!(serde_json::to_value(&jwk).unwrap(), expected);
        assert_eq!(kid, THUMBPRINT);
    }

    #[test]
    fn a_key_that_is_not_rsa_is_rejected() {
        // An Ed25519 key (RFC 8410, section 10.1), then a truncated RSA key.
        let ed25519 = STANDARD.decode("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").unwrap();
        assert!(public_jwk(&ed25519).is_err());
        assert!(public_jwk(&STANDARD.decode(DER).unwrap()[..200]).is_err());
        assert!(public_jwk(&[]).is_err());
    }
}
