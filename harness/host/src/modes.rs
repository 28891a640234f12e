//! What libtorch keeps per thread, and the host shares with plugins that run on it.

/// `c10::DeviceType` of the two devices that are used, in libtorch's numbering.
const DEVICES: [i8; 2] = [0, 1];

// tch reaches autocast only through functions that print a deprecation warning at each call, so these are libtorch's
// own, under their C++ names: `at::autocast::is_autocast_enabled(c10::DeviceType)` and
// `at::autocast::set_autocast_enabled(c10::DeviceType, bool)`, where `DeviceType` is an 8-bit enumeration. The worker
// runs with exactly the libtorch that it was built for.
unsafe extern "C" {
    #[link_name = "_ZN2at8autocast19is_autocast_enabledEN3c1010DeviceTypeE"]
    fn is_autocast_enabled(device: i8) -> bool;
    #[link_name = "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb"]
    fn set_autocast_enabled(device: i8, enabled: bool);
}

/// Gradients on and autocast off for as long as it lives; what was set before comes back afterwards.
#[derive(Debug)]
pub(crate) struct PlainModes {
    gradients: i32,
    autocast: [bool; 2],
}

/// Whether gradients are recorded on this thread, and whether autocast is on for any device.
pub(crate) fn current() -> (bool, bool) {
    // SAFETY: these functions read and set modes of the calling thread; setting gradients gives the former mode, which is set
    // again at once.
    unsafe {
        let gradients = torch_sys::at_grad_set_enabled(1);
        torch_sys::at_grad_set_enabled(gradients);
        (gradients != 0, DEVICES.into_iter().any(|device| is_autocast_enabled(device)))
    }
}

impl PlainModes {
    pub(crate) fn enter() -> Self {
        // SAFETY: these functions read and set modes of the calling thread; they have no other effect.
        unsafe {
            let gradients = torch_sys::at_grad_set_enabled(1);
            let autocast = DEVICES.map(|device| is_autocast_enabled(device));
            for device in DEVICES {
                set_autocast_enabled(device, false);
            }
            Self { gradients, autocast }
        }
    }
}

impl Drop for PlainModes {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe {
            torch_sys::at_grad_set_enabled(self.gradients);
            for (device, enabled) in DEVICES.into_iter().zip(self.autocast) {
                set_autocast_enabled(device, enabled);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_plain_inside_and_as_before_outside() {
        let read = || {
            // SAFETY: as above; setting gradients gives the former mode, which is set again at once.
            unsafe {
                let gradients = torch_sys::at_grad_set_enabled(1);
                torch_sys::at_grad_set_enabled(gradients);
                (gradients, DEVICES.map(|device| is_autocast_enabled(device)))
            }
        };
        // SAFETY: as above.
        unsafe {
            torch_sys::at_grad_set_enabled(0);
            set_autocast_enabled(1, true);
        }
        {
            let _modes = PlainModes::enter();
            assert_eq!(read(), (1, [false, false]));
        }
        assert_eq!(read(), (0, [false, true]));
        // SAFETY: as above.
        unsafe {
            torch_sys::at_grad_set_enabled(1);
            set_autocast_enabled(1, false);
        }
        assert_eq!(read(), (1, [false, false]));
    }
}
