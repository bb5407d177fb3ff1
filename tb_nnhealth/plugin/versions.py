"""Under which key a judged run is kept: what TensorBoard has loaded of it, and the settings it is judged by."""

import hashlib

from tensorboard import errors

from tb_nnhealth.configuration import Settings, SettingsError
from tb_nnhealth.project import project_settings
from tb_nnhealth.reader import Version


def settings_here() -> Settings | None:
    """Returns the settings of the project that this process works in, None where it has none.

    Raises:
      InvalidArgumentError: they are not what is expected.
    """
    try:
        return project_settings()
    except SettingsError as error:
        raise errors.InvalidArgumentError(str(error)) from error


def version_key(loaded: Version, settings: Settings | None) -> str:
    """Returns a short text that changes with what was loaded of a run and the settings."""
    return hashlib.sha256(repr((loaded, settings)).encode()).hexdigest()[:16]
