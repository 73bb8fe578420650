"""The Lambda function `service.lambda_handler.handler`.

Lambda imports this module when it initialises the container, before the first request. Invalid settings end the
initialisation with one line that names them.
"""

from transcode.gc_tuning import paused_during_start

with paused_during_start():
    from service.lambda_app import LambdaApp
    from service.settings import ServiceSettings
    from transcode.startup import start

    handler = LambdaApp(start(ServiceSettings, process="service"))
