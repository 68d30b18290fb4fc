//! Every limit that can be set. What has no limit is a way to bring the server down.

use super::section::section;

section! {
    /// What anybody may use up.
    Limits {
        /// The longest frame in either direction, in bytes: 64 KiB, which clients may count on. Files
        /// go over HTTP.
        frame_bytes: usize = 65_536, 16_384 to 65_536;
        /// How long the opening of a connection may take, from accepting it to the answer to `hello`.
        /// Who sends a byte a second holds a place no longer than this.
        handshake_seconds: u64 = 10, 1 to 120;
        /// How long `hello` may take after the upgrade.
        first_frame_seconds: u64 = 5, 1 to 120;
        /// Connections that this node holds at once; more are turned away before they cost anything.
        connections: usize = 100_000, 1 to 10_000_000;
        /// Connections that have not said who they are yet, at once.
        unauthenticated_connections: usize = 2_000, 1 to 1_000_000;
        /// The same, of one address (of IPv6, one /64).
        unauthenticated_connections_per_address: usize = 200, 1 to 1_000_000;
        /// Connections of one person at once, on this node.
        connections_per_person: usize = 20, 1 to 1_000;
        /// Devices of one person. Each has its own place in the inbox, which is kept for it.
        devices_per_person: usize = 20, 1 to 1_000;
        /// After how many days unseen a device is forgotten; it is told to wipe all when it comes back.
        device_forgotten_days: u64 = 90, 1 to 3_650;
        /// Requests a second of one connection, on average.
        requests_per_second: u32 = 50, 1 to 100_000;
        /// Requests that one connection may send at once, after a silence.
        requests_burst: u32 = 200, 1 to 1_000_000;
        /// Requests of one connection that are being carried out at once; further ones wait in the
        /// socket. So many messages of one device may share a commit.
        requests_in_flight: usize = 64, 1 to 4_096;
        /// Requests a second of all people of one company, so that none costs the others their share.
        company_requests_per_second: u32 = 5_000, 1 to 10_000_000;
        /// Requests that one company may send at once, after a silence.
        company_requests_burst: u32 = 10_000, 1 to 10_000_000;
        /// Bytes that wait for a connection which reads slowly (256 KiB); at more it is closed, and
        /// resumes from its cursors.
        backlog_bytes: usize = 262_144, 65_536 to 67_108_864;
        /// Bytes beside that for what must arrive however full the backlog is (16 KiB): that somebody
        /// was removed, and why the connection closes.
        reserve_bytes: usize = 16_384, 4_096 to 1_048_576;
        /// After how long a silence a connection is pinged. Below 30 s, at which the strictest proxies
        /// cut silent connections.
        ping_after_seconds: u64 = 25, 1 to 600;
        /// How long the pong may take; then the connection is closed.
        pong_seconds: u64 = 10, 1 to 600;
        /// How long a live connection stays after its token has ended, and how far the clocks of
        /// issuers may be apart from this one.
        token_grace_seconds: u64 = 30, 0 to 300;
        /// How long shutting down may take; connections are told to come back, spread over this time.
        drain_seconds: u64 = 20, 1 to 3_600;
        /// Rooms in one `hello` or `resume`.
        resume_rooms: usize = 100, 1 to 1_000;
        /// Entries of one room that one resume answers; the client resumes again from there.
        catch_up_entries: usize = 200, 1 to 10_000;
        /// Entries of one page of the past.
        page_entries: usize = 200, 1 to 1_000;
        /// Characters of a room's name (R8).
        name_characters: usize = 100, 1 to 1_000;
        /// Characters of a group's description (R8).
        description_characters: usize = 300, 0 to 3_000;
        /// Characters of a message (R25). In a frame, a character may take up to 6 bytes.
        text_characters: usize = 10_000, 1 to 10_000;
        /// Bytes of a reaction; the longest emoji of one glyph have 28.
        emoji_bytes: usize = 32, 4 to 64;
        /// People whom one message mentions.
        mentions: usize = 50, 0 to 500;
        /// Members of a group (R8).
        group_members: usize = 1_000, 2 to 100_000;
        /// Groups that one person is in (R8).
        groups_per_user: usize = 2_000, 1 to 100_000;
        /// How long a message can be edited and unsent by its author (R25).
        edit_window_hours: u64 = 24, 0 to 87_600;
        /// Invitations of one room that nobody has redeemed yet (R33).
        open_invitations: usize = 20, 0 to 1_000;
        /// How long an invitation can be redeemed (R33).
        invitation_days: u64 = 7, 1 to 365;
        /// Invitations that one address may try to redeem a minute: they could be guessed otherwise.
        redemptions_per_minute: u32 = 20, 1 to 100_000;
        /// How long a guest's token is good (R33); his administrator can revoke it at any time.
        guest_token_days: u64 = 90, 1 to 3_650;
        /// Commands that share one commit. More make the disk cheaper and the wait longer.
        writer_batch: usize = 1_000, 1 to 100_000;
        /// Commands that wait for the disk; further ones are told to try again.
        writer_queue: usize = 4_096, 1 to 1_000_000;
        /// Entries that wait to be delivered on this node; at more, rooms are read from the store.
        hub_queue: usize = 4_096, 1 to 1_000_000;
    }
}
