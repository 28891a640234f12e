//! From encoded pictures to the numbers that a network is given, as torchvision makes them.
//!
//! ```text
//! file ── Header ──► size ── View + Draw ──► what is needed of it ── Decoder ──► Raster
//!                                                                                  │ Resizer, colours, blurs
//!                          Batch ◄── Loader: threads, order, bounds ◄── Pixel ◄────┘
//!                    u8 or f32 [views, n, 3, side, side]
//! ```
//!
//! [`decode()`] is for who has a file and wants its pixels and what was odd about it, [`Viewer`] for who wants views of one picture,
//! [`Loader`] for who trains or tests. A [`Recipe`] says what is done; its random numbers follow from seed, epoch, picture and view
//! ([`Draw`]), so neither order nor threads matter.
//!
//! # How near it comes
//!
//! Held against Pillow 13.0.0 (libjpeg-turbo 3.2.0) and torchvision 0.26.0 by `tests/golden/make.py`:
//!
//! | step | as | result |
//! |---|---|---|
//! | JPEG, sequential and progressive, all samplings, grey, RGB, CMYK, YCCK | `Image.open().convert("RGB")` | equal to the bit |
//! | PNG, GIF (first frame), BMP, WebP | the same | equal to the bit |
//! | `resize` | `Image.resize` on Pillow up to 12 | equal to the bit; Pillow 13 does columns first where that costs less |
//! | `center_crop`, `flip`, `grayscale`, sizes | torchvision on PIL pictures | equal to the bit |
//! | `random_resized_crop` | the same, for the same uniform numbers | equal; see there for rounding |
//! | brightness, contrast, saturation, hue | the same, for the same factor | equal to the bit; hues and greys for every colour |
//! | `pillow_blur` (MoCo v2) | `ImageFilter.GaussianBlur` | equal to the bit |
//! | `gaussian_blur` (SimCLR) | `gaussian_blur` | within 1 of 255, below 0.001 on average |
//! | [`Normalisation`] | `ToTensor`, `Normalize` | equal to the bit |
//!
//! What random numbers come is our own matter; their distributions are torchvision's.
//!
//! Other decoders and resizers were measured on 24 pictures of 500x375 at quality 90, 4:2:0: zune-jpeg 0.5.15 is 0.27 of 255 away from
//! libjpeg-turbo on average and 7 at the most, and 7 % of its values by more than one, since it rounds twice between chroma samples
//! and has constants of 12 and 14 bits; jpeg-decoder 0.3.2 is 0.10 away, and 3 at the most.
//!
//! # Deviations
//!
//! - The orientation that a camera noted is not applied, as in torchvision's default loader.
//! - Damaged entropy-coded data are an error, where libjpeg warns and goes on with grey. Files without an end marker are
//!   truncated. Progressive files that lack scans are not smoothed. Arithmetic coding, 12 bits, and sampling factors that do not divide
//!   each other are refused.
//! - A GIF whose first frame is larger than its screen is refused.
//! - A decoded part does not show damage elsewhere in the file; decode the whole to check a file.
//! - A file may take 16 MiB and 512 times its own length in memory, and never more than 512 MiB.

mod blur;
mod color;
mod decode;
mod error;
mod format;
mod geometry;
mod jpeg;
mod loader;
mod random;
mod raster;
mod recipe;
mod region;
mod resize;
mod source;
mod view;

pub use decode::{Decoded, Decoder, Header, Oddities, Oddity, decode};
pub use error::PictureError;
pub use format::Format;
pub use geometry::{center, resized};
pub use loader::{Batch, LoadError, Loader, LoaderOptions, Pick};
pub use random::Draw;
pub use raster::Raster;
pub use recipe::{Recipe, RecipeError, Step, View};
pub use region::Region;
pub use resize::{Interpolation, Part, Resizer, Resizing};
pub use source::{CacheError, Cached, Source};
pub use view::{Normalisation, Picture, Pixel, Viewer};
