//! Lottery tickets: iterative magnitude pruning with rewinding (Frankle & Carbin, arXiv 1803.03635; late rewinding,
//! arXiv 1903.01611; from a pre-trained network, Chen et al., arXiv 2012.06908).

mod config;
mod levels;
mod ticket;

use ticket::LotteryTicket;

secateur_sdk::export_plugin!(LotteryTicket);
