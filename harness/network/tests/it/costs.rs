//! Published counts, to the last digit.

use secateur_network::zoo::{self, Options};
use secateur_network::{Builder, Convention, NodeId, Op, Window};

use super::published;

#[test]
fn dense_networks_have_the_published_counts() {
    // Parameters, MACs as torchvision and fvcore count, MACs as Torch-Pruning counts, convolution and fully
    // connected weights: for pictures of 224x224 and 1000 classes, and for detectors as they are by default. The small
    // detector's were added up layer by layer from its description.
    let table = [
        ("resnet18", 11_689_512, 1_814_073_344, 1_822_177_768, 11_678_912),
        ("resnet34", 21_797_672, 3_663_761_408, 3_675_629_032, 21_779_648),
        ("resnet50", 25_557_032, 4_089_184_256, 4_121_925_096, 25_502_912),
        ("mobilenet_v2", 3_504_872, 300_774_272, 320_237_288, 3_469_760),
        ("vgg16", 138_357_544, 15_470_264_320, 15_503_523_304, 138_344_128),
        ("vgg16_bn", 138_365_992, 15_470_264_320, 15_530_618_344, 138_344_128),
        ("ssd300-resnet50", 22_894_902, 20_150_906_112, 20_241_174_092, 22_856_384),
        ("ssd-small", 3_606_086, 284_388_352, 286_537_058, 3_600_352),
    ];
    for (name, params, core, tp, weights) in table {
        let network = published(name);
        let counts = (
            network.count_params(),
            network.macs(Convention::Core),
            network.macs(Convention::Tp),
            network.conv_fc_weights(),
        );
        assert_eq!(counts, (params, core, tp, weights), "{name}");
    }
    let network = published("resnet101");
    assert_eq!((network.count_params(), network.macs(Convention::Core)), (44_549_160, 7_801_405_440));
}

#[test]
fn half_width_resnet18_has_the_published_counts() {
    let options = Options { width: Some(0.5), ..Options::default() };
    let network = zoo::build("resnet18", &options).expect("consistent");
    assert_eq!(network.count_params(), 3_055_880);
    assert_eq!(network.macs(Convention::Core), 483_149_824);
    assert_eq!(network.macs(Convention::Tp), 487_202_536);
    assert_eq!(network.conv_fc_weights(), 3_050_080);
}

#[test]
fn resnet50_has_2049_parameters_a_class() {
    let table = [
        (10, 23_528_522),
        (37, 23_583_845),
        (47, 23_604_335),
        (100, 23_712_932),
        (101, 23_714_981),
        (102, 23_717_030),
        (196, 23_909_636),
        (257, 24_034_625),
        (397, 24_321_485),
        (500, 24_532_532),
        (1000, 25_557_032),
    ];
    for (classes, params) in table {
        let options = Options { classes: Some(classes), ..Options::default() };
        assert_eq!(zoo::build("resnet50", &options).expect("consistent").count_params(), params);
    }
}

#[test]
fn resnet50_without_first_and_last_layer_has_the_published_weights() {
    let network = published("resnet50");
    let outer =
        ["conv1.weight", "fc.weight"].map(|name| network.find_param(name).expect("known").numel() as u64);
    assert_eq!(network.conv_fc_weights() - outer[0] - outer[1], 23_445_504);
}

#[test]
fn cifar_networks_have_the_published_parameters() {
    assert_eq!(published("resnet20").count_params(), 272_474);
    // The published network without parameters on its shortcuts has 853,018; the two 1x1 convolutions add
    // 512 and 2048 weights, and their normalizations 64 and 128.
    assert_eq!(published("resnet56").count_params(), 853_018 + 512 + 2048 + 64 + 128);
}

#[test]
fn parameters_do_not_depend_on_the_picture_and_macs_do() {
    let small = Options { input: Some([3, 64, 64]), ..Options::default() };
    for name in ["resnet18", "mobilenet_v2", "vgg16"] {
        let (full, small) = (published(name), zoo::build(name, &small).expect("consistent"));
        assert_eq!(full.count_params(), small.count_params(), "{name}");
        assert!(small.macs(Convention::Core) < full.macs(Convention::Core), "{name}");
    }
}

#[test]
fn counting_every_weight_as_non_zero_is_the_core_convention() {
    for name in zoo::names() {
        let network = published(name);
        let all = network.macs_with_nonzero(|id| network.params()[id.index()].numel() as u64);
        assert_eq!(all, network.macs(Convention::Core), "{name}");
        assert_eq!(network.macs_with_nonzero(|_| 0), 0);
    }
    // One weight of ResNet-18's stem is used at 112 x 112 positions, one of its classifier once.
    let network = published("resnet18");
    for (name, macs) in [("conv1.weight", 112 * 112), ("fc.weight", 1)] {
        let one = network.find_param(name).expect("known").id;
        assert_eq!(network.macs_with_nonzero(|id| u64::from(id == one)), macs);
    }
}

#[test]
fn nodes_add_up_to_the_network() {
    let network = published("mobilenet_v2");
    for convention in Convention::ALL {
        let sum: u64 =
            (0..network.nodes().len() as u32).map(|id| network.node_macs(NodeId(id), convention)).sum();
        assert_eq!(sum, network.macs(convention), "{}", convention.name());
    }
}

#[test]
fn a_transposed_convolution_costs_its_weights_at_each_input_pixel() {
    let mut builder = Builder::new("up", [4, 5, 6]);
    let op = Op::ConvTranspose2d {
        in_channels: 4,
        out_channels: 6,
        window: Window::square(2, 2, 0),
        groups: 2,
        bias: true,
    };
    let input = builder.input();
    let up = builder.push("up", op, &[input]);
    let network = builder.finish().expect("consistent");
    assert_eq!(network.shape(up), [6, 10, 12]);
    let core = (4 * 3 * 2 * 2) * (5 * 6);
    assert_eq!(network.macs(Convention::Core), core);
    assert_eq!(network.macs(Convention::Tp), core + 6 * 10 * 12);
}

#[test]
fn conventions_have_names_with_versions() {
    assert_eq!(Convention::ALL.map(Convention::name), ["core/1", "tp/1"]);
}
