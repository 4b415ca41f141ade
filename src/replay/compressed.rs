//! Traces as they lie on disk: plain, gzip or zstd, told apart by their first bytes.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// RFC 1952, section 2.3.1.
const GZIP: &[u8] = &[0x1F, 0x8B];
/// RFC 8878, sections 3.1.1 and 3.1.2: a frame of data, and 16 numbers of frames to skip.
const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
const ZSTD_SKIPPED: &[u8] = &[0x2A, 0x4D, 0x18];
/// Bytes that are decompressed at a time.
const BUFFER: usize = 64 << 10;

/// The content of `input`, decompressed on the way. Files made of several compressed parts, one
/// behind the other, are read to their end.
///
/// # Errors
/// If its first bytes cannot be read. Compressed data that are cut off or damaged come as
/// [`ErrorKind::InvalidData`] when reading gets there.
pub fn decompressed<'a>(mut input: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let mut first = [0; 4];
    let length = read_up_to(&mut input, &mut first)?;
    let first = &first[..length];
    let whole = Cursor::new(first.to_owned()).chain(input);
    Ok(if first.starts_with(GZIP) {
        let decoder = MultiGzDecoder::new(whole);
        Box::new(BufReader::with_capacity(
            BUFFER,
            Checked(decoder, Form::Gzip),
        ))
    } else if first == ZSTD || first.len() == 4 && first[1..] == *ZSTD_SKIPPED {
        Box::new(BufReader::with_capacity(BUFFER, Zstd::new(whole)))
    } else {
        Box::new(whole)
    })
}

/// Fills `buffer` as far as the input goes.
fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match input.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Gzip,
    Zstd,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// Damage, as opposed to a file that cannot be read.
fn damaged(form: Form) -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        format!("its {form} data are cut off or damaged"),
    )
}

/// A decoder whose complaints about its data are put into words.
#[derive(Debug)]
struct Checked<R>(R, Form);

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                damaged(self.1)
            }
            _ => error,
        })
    }
}

/// A decoder of zstd frames, one behind the other.
struct Zstd<R> {
    input: R,
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            decoder: FrameDecoder::new(),
            is_in_frame: false,
        }
    }

    /// Begins the next frame; false at the end of the input.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.input.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let mut skipped = (&mut self.input).take(length.into());
                    if io::copy(&mut skipped, &mut io::sink())? < u64::from(length) {
                        return Err(damaged(Form::Zstd));
                    }
                }
                Err(_) => return Err(damaged(Form::Zstd)),
            }
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.is_in_frame && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                let decoded = self.decoder.decode_blocks(&mut self.input, one);
                decoded.map_err(|_| damaged(Form::Zstd))?;
                continue;
            }
            self.is_in_frame = self.begin()?;
            if !self.is_in_frame {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut content = Vec::new();
        decompressed(bytes)
            .and_then(|mut reader| reader.read_to_end(&mut content))
            .map_err(|error| error.to_string())?;
        Ok(content)
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(content: &[u8]) -> Vec<u8> {
        compress_to_vec(content, CompressionLevel::Fastest)
    }

    fn content() -> Vec<u8> {
        (0..60_000u32)
            .flat_map(|n| format!("{n},get,{},100,0\n", n * 7 % 1000).into_bytes())
            .collect()
    }

    #[test]
    fn each_form_gives_the_same_content_in_one_part_or_two() {
        let content = content();
        let (one, two) = content.split_at(123_456);
        assert_eq!(read(&content).unwrap(), content);
        for form in [gzip, zstd] {
            assert!(form(&content).len() < content.len() / 2);
            assert_eq!(read(&form(&content)).unwrap(), content);
            assert_eq!(read(&[form(one), form(two)].concat()).unwrap(), content);
        }
        // A frame that is to be skipped, as `pzstd` writes one.
        let skipped = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 7, 7, 7];
        assert_eq!(read(&[&skipped, &*zstd(one)].concat()).unwrap(), one);
        for short in [&b""[..], b"1", b"123"] {
            assert_eq!(read(short).unwrap(), short);
        }
    }

    #[test]
    fn data_that_are_cut_off_or_damaged_are_told() {
        let content = content();
        for (form, name) in [(gzip as fn(&[u8]) -> Vec<u8>, "gzip"), (zstd, "zstd")] {
            let whole = form(&content);
            for length in [4, 9, whole.len() / 2, whole.len() - 1] {
                let error = read(&whole[..length]).unwrap_err();
                let expected = format!("its {name} data are cut off or damaged");
                assert_eq!(error, expected, "{length} bytes");
            }
            let mut damaged = whole.clone();
            damaged[2..].fill(0x55);
            if name == "gzip" {
                assert!(read(&damaged).is_err());
            }
            assert!(read(&[&*whole, b"garbage"].concat()).is_err());
        }
    }
}
