//! The same over TCP: what only the kernel can get wrong.

use super::*;
use crate::wire::tcp::{Tcp, adopt};
use std::io::ErrorKind;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

async fn connect(limits: &Limits) -> (Tcp, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(listener.accept(), TcpStream::connect(address));
    (adopt(near.unwrap().0, limits).unwrap(), far.unwrap())
}

/// Delivers until the peer, who reads nothing, has stalled the socket. Returns how much of it all
/// was given to the wire.
fn stall(wire: &Wire) -> usize {
    let frame = frame::text(&"x".repeat(1000));
    let mut given = 0;
    loop {
        given += frame.len();
        match wire.deliver(tag(1, 5), &frame) {
            Delivered::Written => {}
            Delivered::Waiting => return given,
            Delivered::Stale | Delivered::Slow | Delivered::Closed => panic!("{given} bytes"),
        }
    }
}

#[tokio::test]
async fn a_removal_takes_back_what_the_kernel_has_not_sent() {
    // P2, R16
    let limits = Limits::default();
    let (near, mut far) = connect(&limits).await;
    let wire = Wire::new(near, Arc::new(Lease::unlimited()), Arc::new(limits));
    let given = stall(&wire);
    let unsent = usize::try_from(wire.socket.unsent().unwrap()).unwrap();
    assert!(unsent > 0, "the peer's window is full");
    assert!(wire.narrow(room(1), Seq(6)).reset);
    assert!(wire.is_closed());
    let mut seen = Vec::new();
    let error = far.read_to_end(&mut seen).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(seen.len() <= given - unsent, "{} of {given}, {unsent} unsent", seen.len());
}

#[tokio::test]
async fn a_removal_spares_a_peer_who_has_read() {
    let limits = Limits::default();
    let (near, mut far) = connect(&limits).await;
    let wire = Wire::new(near, Arc::new(Lease::unlimited()), Arc::new(limits));
    assert_eq!(wire.deliver(tag(1, 5), &frame::text("seen")), Delivered::Written);
    far.read_exact(&mut [0; 6]).await.unwrap();
    assert_eq!(wire.narrow(room(1), Seq(6)), Narrowed::default());
    assert_eq!(wire.push(frame::text("goes on")), Delivered::Written);
    far.read_exact(&mut [0; 9]).await.unwrap();
}

#[tokio::test]
async fn a_reset_ends_reading_and_flushing_at_once() {
    let limits = Limits::default();
    let (near, _far) = connect(&limits).await;
    let wire = Arc::new(Wire::new(near, Arc::new(Lease::unlimited()), Arc::new(limits)));
    let mut reader = reader::open(Arc::clone(&wire), Vec::new(), &limits).await;
    let _given = stall(&wire);
    let removal = async {
        tokio::task::yield_now().await;
        assert!(wire.cut(1, true).reset);
    };
    let both = async { tokio::join!(reader.next(), wire.flush(), removal) };
    let (read, (), ()) = tokio::time::timeout(Duration::from_secs(5), both).await.unwrap();
    assert!(!matches!(read, Some(Ok(_))));
}

#[tokio::test]
async fn a_stalled_peer_who_reads_on_gets_everything_in_order() {
    // P4
    let limits = Limits { backlog_bytes_max: 4 * LARGE, ..Limits::default() };
    let (near, mut far) = connect(&limits).await;
    let wire = Wire::new(near, Arc::new(Lease::unlimited()), Arc::new(limits));
    let given = stall(&wire);
    for number in 0..1000 {
        assert_eq!(wire.deliver(tag(1, 5), &frame::text(&number.to_string())), Delivered::Waiting);
    }
    wire.close(CloseCode::Draining, 0);
    let mut seen = Vec::new();
    let (read, ()) = tokio::join!(far.read_to_end(&mut seen), wire.flush());
    read.unwrap();
    let payloads = payloads(&seen[given..]);
    let numbers: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    assert_eq!(payloads[..1000], numbers);
    assert_eq!(payloads.len(), 1002, "closing, and the close frame");
}

#[tokio::test]
async fn little_waits_in_the_kernel() {
    // P2: only what waits in user space can be dropped without a reset.
    let limits = Limits::default();
    let (near, _far) = connect(&limits).await;
    let wire = Wire::new(near, Arc::new(Lease::unlimited()), Arc::new(limits));
    let _given = stall(&wire);
    let unsent = wire.socket.unsent().unwrap();
    assert!(unsent <= 2 * limits.send_buffer_bytes as u64, "{unsent} bytes");
}
