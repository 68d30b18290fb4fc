//! The client against a peer that says what it is told to.

use super::*;
use crate::target::TokenWay;
use crosstalk_protocol::request::Typing;
use futures::future::join;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use uuid::Uuid;

type Peer = WebSocketStream<TcpStream>;

/// A connected client and its peer, and what the client's request for the upgrade said.
async fn pair(way: TokenWay) -> (Client, Peer, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let target = Target { way, ..Target::new(url, "secret") };
    let accepted = async {
        let (socket, _) = listener.accept().await.unwrap();
        let mut said = String::new();
        #[expect(clippy::result_large_err, reason = "the library's own signature")]
        let peer = tokio_tungstenite::accept_hdr_async(socket, |request: &Request, answer| {
            said = format!("{} {:?}", request.uri(), request.headers());
            Ok::<_, ErrorResponse>(confirm(answer))
        });
        (peer.await.unwrap(), said)
    };
    let (client, (peer, said)) = join(Client::connect(&target), accepted).await;
    (client.unwrap(), peer, said)
}

fn confirm(mut answer: Response) -> Response {
    let protocol = "crosstalk.v1.json".parse().unwrap();
    answer.headers_mut().insert("sec-websocket-protocol", protocol);
    answer
}

fn typing() -> Typing {
    Typing { room: crosstalk_protocol::ids::RoomId(Uuid::nil()) }
}

async fn say(peer: &mut Peer, text: &str) {
    peer.send(Message::text(text)).await.unwrap();
}

#[tokio::test]
async fn the_token_goes_where_it_is_to_go() {
    let (_, _, said) = pair(TokenWay::Header).await;
    assert!(said.starts_with("/v1/connect ") && said.contains("Bearer secret"), "{said}");
    let (_, _, said) = pair(TokenWay::Subprotocol).await;
    assert!(said.contains("crosstalk.v1.json, crosstalk.bearer.secret"), "{said}");
    let (_, _, said) = pair(TokenWay::Hello).await;
    assert!(!said.contains("secret"), "{said}");
}

#[tokio::test]
async fn a_request_gets_its_own_answer_and_pushes_keep_their_order() {
    let (mut client, mut peer, _) = pair(TokenWay::Header).await;
    let first = client.start(typing()).await.unwrap();
    let second = client.start(typing()).await.unwrap();
    let room = Uuid::nil();
    for what in ["behind", "gone"] {
        say(&mut peer, &format!(r#"{{"type":"{what}","data":{{"room":"{room}"}}}}"#)).await;
    }
    say(&mut peer, r#"{"id":2,"type":"refused","data":{"code":"not_found","message":""}}"#).await;
    say(&mut peer, r#"{"id":1,"type":"noted","data":{}}"#).await;
    assert_eq!(client.answer(first).await.unwrap(), Answer::Noted {});
    assert!(matches!(client.answer(second).await.unwrap(), Answer::Refused(_)));
    assert!(matches!(client.next().await.unwrap(), Push::Behind(_)));
    assert!(matches!(client.next().await.unwrap(), Push::Gone(_)));
}

#[tokio::test]
async fn a_second_answer_is_an_error_and_so_is_one_of_another_kind() {
    let (mut client, mut peer, _) = pair(TokenWay::Header).await;
    say(&mut peer, r#"{"id":1,"type":"rested","data":{}}"#).await;
    assert!(matches!(client.request(typing()).await, Err(Error::OtherAnswer(_))));
    say(&mut peer, r#"{"id":1,"type":"noted","data":{}}"#).await;
    assert!(matches!(client.next().await, Err(Error::Unasked(1))));
}

#[tokio::test]
async fn the_close_code_is_told_also_to_who_only_sends() {
    let (mut client, mut peer, _) = pair(TokenWay::Header).await;
    let closing = r#"{"reason":"draining","code":4001,"reconnect":true,"after_ms":7}"#;
    say(&mut peer, &format!(r#"{{"type":"closing","data":{closing}}}"#)).await;
    let reason = "the server is going down".into();
    peer.close(Some(CloseFrame { code: 4001.into(), reason })).await.unwrap();
    drop(peer);
    let error = loop {
        if let Err(error) = client.start(typing()).await {
            break error;
        }
    };
    let Error::Closed(closed) = error else { panic!("{error}") };
    assert_eq!(closed.known(), Some(crosstalk_protocol::code::CloseCode::Draining));
    assert!(closed.reconnect());
    assert_eq!(closed.closing.map(|closing| closing.after_ms), Some(7));
}

#[tokio::test]
async fn a_connection_can_be_cut_at_a_byte() {
    let (mut client, mut peer, _) = pair(TokenWay::Header).await;
    let room = Uuid::nil();
    let gone = format!(r#"{{"type":"gone","data":{{"room":"{room}"}}}}"#);
    let frame = u64::try_from(gone.len()).unwrap() + 2;
    let gauge = client.gauge();
    gauge.cut_at(gauge.received() + frame + 5);
    say(&mut peer, &gone).await;
    say(&mut peer, &gone).await;
    assert!(matches!(client.next().await.unwrap(), Push::Gone(_)));
    let Err(Error::Closed(closed)) = client.next().await else { panic!("not cut") };
    assert_eq!(closed.code, None);
    assert!(closed.reconnect());
    let torn = loop {
        match peer.next().await {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert!(matches!(torn, None | Some(Err(_))));
}
