"""In which orders of its axes a kernel may be held."""

from tb_nnhealth.compare.arranging import arrangements


def test_in_which_orders_a_kernel_may_be_held():
    assert arrangements((4, 5), (4, 5)) == [(0, 1)]
    assert arrangements((4, 5), (5, 4)) == [(1, 0)]
    assert arrangements((4, 4), (4, 4)) == [(0, 1), (1, 0)]
    assert arrangements((3, 3, 8, 16), (16, 8, 3, 3)) == [(2, 3, 1, 0)]
    assert arrangements((16, 8, 3, 3), (3, 3, 8, 16)) == [(3, 2, 0, 1)]
    assert arrangements((3, 3, 8, 1), (8, 1, 3, 3))[0] == (2, 3, 0, 1)
    assert arrangements((5, 8, 16), (16, 8, 5)) == [(2, 1, 0)]
    assert arrangements((4,), (4,)) == [(0,)] and not arrangements((4,), (5,)) and not arrangements(None, (4,))
