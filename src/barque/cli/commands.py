"""Every command: where it is implemented, and one line on what it does."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, str]] = {
    "container attach": ("container.attach", "Connect this terminal to a running container"),
    "container commit": ("container.commit", "Make an image of a container's changes"),
    "container cp": ("container.cp", "Copy files between a container and this machine"),
    "container create": ("container.create", "Make a container without starting it"),
    "container diff": ("container.diff", "List what a container changed in its filesystem"),
    "container exec": ("container.exec", "Run a program in a running container"),
    "container export": ("container.export", "Write a container's filesystem as a tar archive"),
    "container inspect": ("container.inspect", "Show everything about containers"),
    "container kill": ("container.kill", "Send a signal to running containers"),
    "container logs": ("container.logs", "Show what a container printed"),
    "container ls": ("container.ls", "List containers"),
    "container pause": ("container.pause", "Freeze all processes of containers"),
    "container port": ("container.port", "List a container's published ports"),
    "container prune": ("container.prune", "Remove all stopped containers"),
    "container rename": ("container.rename", "Give a container another name"),
    "container restart": ("container.restart", "Stop and start containers"),
    "container rm": ("container.rm", "Remove containers"),
    "container run": ("container.run", "Make a container from an image and run it"),
    "container start": ("container.start", "Start stopped containers"),
    "container stats": ("container.stats", "Show what containers use, as it changes"),
    "container stop": ("container.stop", "Stop running containers"),
    "container top": ("container.top", "List the processes of a container"),
    "container unpause": ("container.unpause", "Thaw paused containers"),
    "container update": ("container.update", "Change the limits of containers"),
    "container wait": ("container.wait", "Wait until containers stop, print their exit codes"),
    "image history": ("image.history", "Show how an image came about"),
    "image import": ("image.import_", "Make an image of a tar archive's files"),
    "image inspect": ("image.inspect", "Show everything about images"),
    "image load": ("image.load", "Read images from a tar archive"),
    "image ls": ("image.ls", "List images"),
    "image prune": ("image.prune", "Remove unused images"),
    "image pull": ("image.pull", "Fetch an image from a registry"),
    "image push": ("image.push", "Send an image to a registry"),
    "image rm": ("image.rm", "Remove images"),
    "image save": ("image.save", "Write images to a tar archive"),
    "image tag": ("image.tag", "Give an image another name"),
    "network connect": ("network.connect", "Connect a container to a network"),
    "network create": ("network.create", "Make a network"),
    "network disconnect": ("network.disconnect", "Take a container off a network"),
    "network inspect": ("network.inspect", "Show everything about networks"),
    "network ls": ("network.ls", "List networks"),
    "network prune": ("network.prune", "Remove unused networks"),
    "network rm": ("network.rm", "Remove networks"),
    "volume create": ("volume.create", "Make a volume"),
    "volume inspect": ("volume.inspect", "Show everything about volumes"),
    "volume ls": ("volume.ls", "List volumes"),
    "volume prune": ("volume.prune", "Remove unused volumes"),
    "volume rm": ("volume.rm", "Remove volumes"),
    "system df": ("system.df", "Show how much disk is used"),
    "system dial-stdio": ("system.dial_stdio", ""),
    "system events": ("system.events", "Show what happens in the daemon, as it happens"),
    "system info": ("system.info", "Show the state of the whole engine"),
    "system verify": ("system.verify", "Hash every image's files again and say what is wrong"),
    "system prune": ("system.prune", "Remove everything unused"),
    "context create": ("context.create", "Store a context"),
    "context inspect": ("context.inspect", "Show everything about contexts"),
    "context ls": ("context.ls", "List contexts"),
    "context rm": ("context.rm", "Remove contexts"),
    "context show": ("context.show", "Print the name of the current context"),
    "context use": ("context.use", "Choose the current context"),
    "inspect": ("system.inspect", "Show everything about objects of any type"),
    "login": ("registry.login", "Log in to a registry"),
    "logout": ("registry.logout", "Forget a registry's credentials"),
    "search": ("registry.search", "Search a registry for images"),
    "version": ("system.version", "Show the versions of client and daemon"),
}

NOUNS = {
    "container": "Manage containers",
    "context": "Manage contexts",
    "image": "Manage images",
    "network": "Manage networks",
    "system": "Manage the engine",
    "volume": "Manage volumes",
}

SHORT = {
    **{
        verb: f"container {verb}"
        for verb in [
            "attach",
            "commit",
            "cp",
            "create",
            "diff",
            "exec",
            "export",
            "kill",
            "logs",
            "pause",
            "port",
            "rename",
            "restart",
            "rm",
            "run",
            "start",
            "stats",
            "stop",
            "top",
            "unpause",
            "update",
            "wait",
        ]
    },
    **{verb: f"image {verb}" for verb in ("history", "import", "load", "pull", "push", "save", "tag")},
    "ps": "container ls",
    "images": "image ls",
    "rmi": "image rm",
    "events": "system events",
    "info": "system info",
}

ALIASES = {
    "container list": "container ls",
    "container ps": "container ls",
    "container remove": "container rm",
    "image list": "image ls",
    "image remove": "image rm",
    "network list": "network ls",
    "network remove": "network rm",
    "volume list": "volume ls",
    "volume remove": "volume rm",
    "context list": "context ls",
    "context remove": "context rm",
}


def find(words: list[str]) -> tuple[str, str, int]:
    """``(spelled, full name, words used)`` of the command ``words`` begin with; the full name is empty for none."""
    first = words[0]
    if first in NOUNS:
        if len(words) < 2:
            return first, "", 1
        spelled = f"{first} {words[1]}"
        full = ALIASES.get(spelled, spelled)
        return spelled, full if full in COMMANDS else "", 2
    full = SHORT.get(first, first)
    return first, full if full in COMMANDS else "", 1
