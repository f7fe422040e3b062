//! Connections to the database: verified TLS, and tokens instead of a password.

use std::sync::Arc;

use product::{
    iam::SignIn,
    store::{self, Use},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sqlx::ConnectOptions;
use stack::testing::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use super::support::{Environment, SOON};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// Creates a certificate authority.
fn authority() -> Authority {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap()
}

/// Starts a TLS proxy in front of PostgreSQL, which is built without TLS here. Its certificate is issued by `authority`
/// for
/// `localhost`. Returns a function from a host to the URL of the database.
async fn tls_proxy(environment: &Environment, authority: &Authority) -> impl Fn(&str) -> String + use<> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let real = environment.pool.connect_options();
    let server = format!("{}:{}", real.get_host(), real.get_port());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                let mut ssl_request = [0; 8];
                client.read_exact(&mut ssl_request).await?;
                client.write_all(b"S").await?;
                let mut client = acceptor.accept(client).await?;
                copy_bidirectional(&mut client, &mut TcpStream::connect(server).await?).await
            });
        }
    });
    let (user, database) = (real.get_username().to_owned(), real.get_database().unwrap().to_owned());
    move |host| format!("postgres://{user}@{host}:{port}/{database}?sslmode=verify-full")
}

#[tokio::test]
async fn only_a_certificate_of_a_trusted_authority_for_the_host_is_accepted() {
    let environment = Environment::new().await;
    let (trusted, other) = (authority(), authority());
    let url = tls_proxy(&environment, &trusted).await;
    let connect = async |host: &str, authority: &Authority| {
        let pool = store::connect(&url(host).into(), Use::Operate).unwrap();
        // Same as `PGSSLROOTCERT`, which would affect other tests.
        let options = (*pool.connect_options()).clone().ssl_root_cert_from_pem(authority.pem().into_bytes());
        options.connect().await.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(connect("localhost", &trusted).await, Ok(()));
    for result in [connect("localhost", &other).await, connect("127.0.0.1", &trusted).await] {
        assert!(result.as_ref().is_err_and(|error| error.contains("certificate")), "{result:?}");
    }
}

#[tokio::test]
async fn the_trusted_authorities_can_be_a_setting() {
    let environment = Environment::new().await;
    let authority = authority();
    let url = tls_proxy(&environment, &authority).await;
    let process =
        environment.start_process(&[("DATABASE_URL", &url("localhost")), ("PGSSLROOTCERT", authority.pem().trim())]);
    let response = reqwest::get(format!("{}/health/ready", process.base_url().await)).await.unwrap();
    assert_eq!(response.status(), 200);
}

/// Requests the password of the next client of `listener`, and returns it.
async fn password(listener: &TcpListener) -> String {
    let (mut client, _) = listener.accept().await.unwrap();
    let length = client.read_u32().await.unwrap();
    client.read_exact(&mut vec![0; length as usize - 4]).await.unwrap();
    client.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'p');
    let mut password = vec![0; client.read_u32().await.unwrap() as usize - 4];
    client.read_exact(&mut password).await.unwrap();
    String::from_utf8(password).unwrap().trim_end_matches('\0').to_owned()
}

#[tokio::test]
async fn a_new_connection_signs_in_with_the_newest_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("postgres://product@{address}/product?sslmode=disable");
    let pool = store::connect(&url.into(), Use::Tasks).unwrap();
    let sign_in = SignIn::new(&stack::testing::aws().await.sdk_config()).unwrap();
    let next = async || {
        sign_in.refresh(&pool).await.unwrap();
        // Same as the pool does for a new connection. This server only reads the password.
        let options = pool.connect_options();
        let (token, _) = tokio::join!(password(&listener), options.connect());
        token
    };
    let first = next().await;
    // Signatures within one second are equal.
    let second =
        eventually("the next token differs", SOON, async || Some(next().await).filter(|it| *it != first)).await;
    for token in [&first, &second] {
        assert!(token.starts_with(&format!("{address}/?Action=connect&DBUser=product&")), "{token}");
        assert!(token.contains("&X-Amz-Expires=900&") && token.contains("rds-db%2Faws4_request"), "{token}");
    }
}

#[tokio::test]
async fn with_database_iam_the_service_signs_in_with_a_token() {
    let environment = Environment::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://product@{}/product?sslmode=disable", listener.local_addr().unwrap());
    let _process = environment.start_process(&[("DATABASE_URL", &url), ("DATABASE_IAM", "true")]);
    eventually("the service signs in with a token", SOON, async || {
        // The first connections may be opened before the first token.
        password(&listener).await.contains("X-Amz-Signature=").then_some(())
    })
    .await;
}
