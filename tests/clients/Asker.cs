// Asks with the client of C#, as asker.py does.
using System;
using System.Threading;
using System.Threading.Tasks;
using FnoLink;

public static class Asker
{
    public static int Main()
    {
        var token = Environment.GetEnvironmentVariable("TOKEN");
        var keepFor = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("KEEP_FOR")));
        using (var links = new LinkClient(
            Environment.GetEnvironmentVariable("APP"),
            Environment.GetEnvironmentVariable("KEY"),
            string.IsNullOrEmpty(token) ? (Func<CancellationToken, Task<string>>)null : _ => Task.FromResult(token),
            keepFor))
        {
            for (string name; (name = Console.ReadLine()) != null;)
            {
                Console.WriteLine(Said(links, name));
                Console.Out.Flush();
            }
        }

        return 0;
    }

    private static string Said(LinkClient links, string name)
    {
        try
        {
            var link = links.ResolveAsync(name).GetAwaiter().GetResult();
            return link.IsLinked
                ? "{\"url\": \"" + link.Url + "\", \"stale\": " + (link.Stale ? "true" : "false") + "}"
                : "{\"not_linked\": \"" + link.Code + "\"}";
        }
        catch (LinkUnknownException error)
        {
            return "{\"unknown\": \"" + error.Code + "\", \"status\": " + error.Status + "}";
        }
        catch (LinkRefusedException error)
        {
            return "{\"refused\": \"" + error.Code + "\"}";
        }
    }
}
