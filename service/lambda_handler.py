"""The Lambda function `service.lambda_handler.handler`.

Lambda imports this module when it initialises the container, before the first request. Invalid settings end the
initialisation with one line that names them.
"""

from transcode.gc_tuning import paused_during_start

with paused_during_start():
    from service.lambda_app import LambdaApp
    from service.settings import ServiceSettings
    from transcode import log, telemetry
    from transcode.settings import load

    _settings = load(ServiceSettings)
    log.configure(level=_settings.log_level, json=_settings.log_format == "json")
    telemetry.start("service")

    handler = LambdaApp(_settings)
