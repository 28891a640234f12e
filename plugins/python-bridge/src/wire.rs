//! Messages on a socket: a length, a text, and perhaps an open file.
//!
//! Every message is a header of eight bytes (two little-endian numbers: the length of the text, and 1 if a file is attached) and
//! a JSON text. The file is passed beside the header, as a descriptor.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use secateur_sdk::Error;

/// How long a read or write waits before it looks up.
const TICK: Duration = Duration::from_millis(50);
/// A text that is said to be longer than this is none.
const LONGEST: usize = 64 << 20;

/// Why a message does not come.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The other side has closed.
    Closed,
    /// What came is no message.
    Garbage(String),
    /// Waiting was given up.
    GivenUp(Error),
}

/// Looked at while nothing comes: an error gives waiting up.
pub(crate) type Patience<'a> = &'a mut dyn FnMut() -> Result<(), Lost>;

/// One end of the socket.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: UnixStream,
}

impl Wire {
    pub(crate) fn new(stream: UnixStream) -> std::io::Result<Self> {
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
        Ok(Self { stream })
    }

    /// Sends a text with a file.
    pub(crate) fn send(
        &mut self,
        text: &[u8],
        file: Option<&OwnedFd>,
        patience: Patience<'_>,
    ) -> Result<(), Lost> {
        let mut header = [0; 8];
        header[..4].copy_from_slice(&(text.len() as u32).to_le_bytes());
        header[4] = u8::from(file.is_some());
        let mut left: &[u8] = &header;
        if let Some(file) = file {
            let files = [file.as_fd()];
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            control.push(SendAncillaryMessage::ScmRights(&files));
            loop {
                match sendmsg(&self.stream, &[IoSlice::new(left)], &mut control, SendFlags::NOSIGNAL) {
                    Ok(sent) => {
                        left = &left[sent..];
                        break;
                    }
                    Err(error) => wait(&error.into(), patience)?,
                }
            }
        }
        self.write(left, patience)?;
        self.write(text, patience)
    }

    fn write(&mut self, mut bytes: &[u8], patience: Patience<'_>) -> Result<(), Lost> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(0) => return Err(Lost::Closed),
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) => wait(&error, patience)?,
            }
        }
        Ok(())
    }

    /// The next text, with its file.
    pub(crate) fn receive(&mut self, patience: Patience<'_>) -> Result<(Vec<u8>, Option<File>), Lost> {
        let mut header = [0; 8];
        let mut file = None;
        let mut read = 0;
        while read < header.len() {
            match self.receive_some(&mut header[read..], &mut file) {
                Ok(0) => return Err(Lost::Closed),
                Ok(count) => read += count,
                Err(error) => wait(&error, patience)?,
            }
        }
        let number =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (length, files) = (number(0) as usize, number(4));
        if length > LONGEST || files > 1 {
            return Err(Lost::Garbage(format!("it begins with the bytes {}", header.escape_ascii())));
        }
        if files == 1 && file.is_none() {
            return Err(Lost::Garbage("its tensors are missing".to_owned()));
        }
        let mut text = vec![0; length];
        let mut read = 0;
        while read < length {
            match self.stream.read(&mut text[read..]) {
                Ok(0) => return Err(Lost::Closed),
                Ok(count) => read += count,
                Err(error) => wait(&error, patience)?,
            }
        }
        Ok((text, file.filter(|_| files == 1).map(File::from)))
    }

    /// Reads what is there, and takes files that come with it.
    fn receive_some(&self, bytes: &mut [u8], file: &mut Option<OwnedFd>) -> std::io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        // Not every system can close the file in processes that are started later; there is none here.
        #[cfg(target_os = "linux")]
        let flags = RecvFlags::CMSG_CLOEXEC;
        #[cfg(not(target_os = "linux"))]
        let flags = RecvFlags::empty();
        let received = recvmsg(&self.stream, &mut [IoSliceMut::new(bytes)], &mut control, flags)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(files) = message {
                for received in files {
                    file.get_or_insert(received);
                }
            }
        }
        Ok(received.bytes)
    }
}

/// What to do about a failed read or write: look up and try again, or not.
fn wait(error: &std::io::Error, patience: Patience<'_>) -> Result<(), Lost> {
    use std::io::ErrorKind as E;
    match error.kind() {
        E::WouldBlock | E::TimedOut => patience(),
        E::Interrupted => Ok(()),
        // A process that has ended, or is about to.
        _ => Err(Lost::Closed),
    }
}
