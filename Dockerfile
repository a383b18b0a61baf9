# The function app on Microsoft's Functions host, for Kubernetes and Container Apps; docs/deploy.md has the rest.
#   docker build --tag fno-link .
# Layout and environment: host/4/bookworm/python/python313/python313.Dockerfile of Azure/azure-functions-docker. Packages are
# installed into the image's own Python, where the worker looks in a container; .python_packages is for the plans of Azure.
ARG PYTHON=3.13
FROM mcr.microsoft.com/azure-functions/python:4-python${PYTHON}

COPY requirements.txt /tmp/requirements.txt
RUN python -m pip install --no-cache-dir --require-hashes --only-binary :all: --requirement /tmp/requirements.txt

COPY . /home/site/wwwroot
# Compiled ahead: who runs it may not write here. Then folders that the host writes to: its secrets' sentinel
# (Azure/azure-functions-docker, issue 1210), its own data and logs.
RUN python -I -m compileall -q -j 0 --invalidation-mode unchecked-hash /home/site/wwwroot \
    && mkdir -p /azure-functions-host/Secrets /home/data /home/LogFiles \
    && chown -R 1654:1654 /azure-functions-host/Secrets /home/data /home/LogFiles

# `app` of Microsoft's .NET images: not root, which may not listen below 1024.
USER 1654:1654
ENV AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    FUNCTIONS_WORKER_RUNTIME=python \
    ASPNETCORE_URLS=http://+:8080
EXPOSE 8080

# The image's own script would install certificates first, for which it has to be root.
CMD ["/azure-functions-host/Microsoft.Azure.WebJobs.Script.WebHost"]
