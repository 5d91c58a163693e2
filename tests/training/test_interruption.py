import os
import signal
import threading

import pytest

from spikejax.training.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_recorded_and_the_old_handler_is_restored(number):
    before = signal.getsignal(number)
    with Interruption() as interruption:
        assert not interruption.asked(0)
        os.kill(os.getpid(), number)
        assert interruption.asked(1)
        assert interruption.signal == number
    assert signal.getsignal(number) is before


def test_the_second_ctrl_c_ends_at_once():
    with pytest.raises(KeyboardInterrupt), Interruption():
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)


def test_in_another_thread_no_signals_are_recorded():
    asked = []

    def run():
        with Interruption() as interruption:
            asked.append(interruption.asked(0))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert asked == [False]
