//! What can be done, for `/help`.

/// Every command, by what it is about.
pub(super) const HELP: &str = "\
Reading
  /rooms                     my rooms, numbered
  /open ROOM                 open one, by its number or name
  /history [COUNT] [before N]
                             what happened in the open room last, or before #N
  /about                     what the open room is: settings, Group Masters
  /who                       who is in it
  /pins                      what is pinned in it
  /readers [N]               who has read message #N, or the last one
Talking, in the open room
  TEXT  or  /say TEXT        say something; @Name and @all mention people
  /reply N TEXT              answer message #N
  /edit N TEXT               replace my message #N
  /unsend N                  erase message #N
  /react N EMOJI [off]       react to it, or take the reaction back
  /pin N [off]               pin it, or unpin it
People
  /contacts                  my contacts, and who asks to be one
  /contact ADDRESS           ask somebody of another company to be one
  /accept NAME               accept who asked
  /end NAME                  be contacts no longer, or turn a request down
  /colleagues                the people of my own company
General rooms
  /talk NAME with A, B       open one (a shared one if somebody is of another company)
  /invite A, B               bring people into the open one
  /guest                     make an invitation for somebody from outside
  /rename NAME               call the open one something else
  /leave                     leave it
Groups
  /create NAME with A, B     make one, from Contacts
  /message NAME with A, B    make one, from Message
  /convert NAME              make one of the open general room; there is no way back
  /found NAME by A with B    make one as my company's administrator: A is its Group Master
  /add A, B                  add members to the open one
  /remove A, B               remove members
  /appoint A                 make a member a Group Master
  /dismiss A                 make a Group Master a mere member
  /settings name=… description=… history=all|since_joined
            message=on|off note=on|off event=on|off folder=on|off
                             change what is named, keep the rest
  /delete                    delete the open group for everyone; asks for its name
/help shows this, /quit or Ctrl-D ends. N is the number behind # of a line. Names may be shortened
as long as only one person fits.";
