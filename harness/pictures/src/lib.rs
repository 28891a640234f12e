//! From encoded pictures to the numbers that a network is given.

mod blur;
mod color;
mod decode;
mod error;
mod format;
mod geometry;
mod jpeg;
mod random;
mod raster;
mod recipe;
mod region;
mod resize;
mod view;

pub use decode::{Decoded, Decoder, Header, Oddities, Oddity, decode};
pub use error::PictureError;
pub use format::Format;
pub use geometry::{center, resized};
pub use random::Draw;
pub use raster::Raster;
pub use recipe::{Recipe, RecipeError, Step, View};
pub use region::Region;
pub use resize::{Interpolation, Part, Resizer, Resizing};
pub use view::{Normalisation, Picture, Pixel, Viewer};
