//! Proxy between the service and PostgreSQL, whose connections can be frozen without being closed.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use super::support::Environment;

pub struct Proxy {
    /// Connections up to this number are frozen.
    frozen: watch::Sender<usize>,
    /// Whether nothing is forwarded at all.
    stopped: watch::Sender<bool>,
    connections: Arc<AtomicUsize>,
    statements: Arc<AtomicUsize>,
}

/// Gates of the bytes of one connection.
#[derive(Clone)]
struct Gate {
    number: usize,
    frozen: watch::Receiver<usize>,
    stopped: watch::Receiver<bool>,
}

impl Gate {
    /// Waits until the connection may forward.
    async fn pass(&mut self) {
        if *self.frozen.borrow() >= self.number {
            std::future::pending::<()>().await;
        }
        _ = self.stopped.wait_for(|stopped| !stopped).await;
    }
}

impl Proxy {
    /// Starts a proxy in front of the environment's database, and makes the service use it.
    pub async fn start(environment: &mut Environment) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let real = environment.pool.connect_options();
        let server = (real.get_host().to_owned(), real.get_port());
        let (user, database) = (real.get_username(), real.get_database().unwrap());
        environment.config.database.url = format!("postgres://{user}@127.0.0.1:{port}/{database}").into();
        let (frozen, stopped) = (watch::Sender::new(0), watch::Sender::new(false));
        let proxy = Self { frozen, stopped, connections: Arc::default(), statements: Arc::default() };
        let (mut gate, connections, statements) = (
            Gate { number: 0, frozen: proxy.frozen.subscribe(), stopped: proxy.stopped.subscribe() },
            proxy.connections.clone(),
            proxy.statements.clone(),
        );
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                gate.number = connections.fetch_add(1, Ordering::SeqCst) + 1;
                let (server, gate, statements) = (server.clone(), gate.clone(), statements.clone());
                tokio::spawn(async move {
                    let server = TcpStream::connect(server).await.unwrap();
                    let ((from_client, to_client), (from_server, to_server)) =
                        (client.into_split(), server.into_split());
                    let requests = forward(from_client, to_server, gate.clone(), Some(Count::new(statements)));
                    // The end of one direction is the end of the connection, unless it is frozen.
                    tokio::select! { () = requests => {} () = forward(from_server, to_client, gate, None) => {} }
                });
            }
        });
        proxy
    }

    /// Stops forwarding on the present connections, permanently. New ones are not affected.
    pub fn freeze(&self) {
        self.frozen.send_replace(self.connections.load(Ordering::SeqCst));
    }

    /// Stops forwarding on all connections, or continues with what has been held back.
    pub fn stop(&self, stopped: bool) {
        self.stopped.send_replace(stopped);
    }

    /// Returns the number of statements since the last call.
    pub fn statements(&self) -> usize {
        self.statements.swap(0, Ordering::SeqCst)
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut gate: Gate, mut count: Option<Count>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).await.unwrap_or(0);
        gate.pass().await;
        if length == 0 || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        if let Some(count) = &mut count {
            count.add(&buffer[..length]);
        }
    }
}

/// Counter of statements in the messages of a client.
///
/// A message is a type, a length that includes itself, and a payload. Only the first one has no type.
struct Count {
    bytes: Vec<u8>,
    is_started: bool,
    statements: Arc<AtomicUsize>,
}

impl Count {
    fn new(statements: Arc<AtomicUsize>) -> Self {
        Self { bytes: Vec::new(), is_started: false, statements }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        loop {
            let header = usize::from(self.is_started);
            let Some(length) = self.bytes.get(header..header + 4) else { return };
            let length = header + u32::from_be_bytes(length.try_into().unwrap()) as usize;
            if self.bytes.len() < length {
                return;
            }
            let message: Vec<u8> = self.bytes.drain(..length).collect();
            // Simple queries (`begin`, `commit`), and executions of prepared statements.
            if self.is_started && matches!(message[0], b'Q' | b'E') {
                self.statements.fetch_add(1, Ordering::SeqCst);
            }
            // The response to a request for TLS or GSS encryption is followed by another first message.
            self.is_started |= message.len() > 8;
        }
    }
}
